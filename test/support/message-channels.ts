import type { MessageChannel } from '../../src/rpc/message-peer.ts';

/** A channel in memory, by its two ends. */
export interface MessageChannels {
  readonly one: MessageChannel;
  readonly other: MessageChannel;
  /** As when one of the two processes ends: nothing arrives any more. */
  close(): void;
}

/** Two ends that hand over what structured cloning keeps, a turn later. */
export function createMessageChannels(): MessageChannels {
  const listeners: [((message: unknown) => void)[], (() => void)[]][] = [
    [[], []],
    [[], []],
  ];
  let isClosed = false;
  const createEnd = (own: number): MessageChannel => ({
    send: (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => {
        if (!isClosed) listeners[1 - own]?.[0].forEach((listener) => listener(copy));
      });
    },
    onMessage: (listener) => void listeners[own]?.[0].push(listener),
    onClose: (listener) => void listeners[own]?.[1].push(listener),
  });
  return {
    one: createEnd(0),
    other: createEnd(1),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      listeners.forEach(([, closed]) => closed.forEach((listener) => listener()));
    },
  };
}
