import type { WorkerProcess } from '../../src/host/worker-process.ts';
import { MessagePeer, type Verbs } from '../../src/rpc/message-peer.ts';
import { createMessageChannels } from './message-channels.ts';

/** A child process in memory that offers verbs. */
export interface FakeWorkerProcess extends WorkerProcess {
  /** Its way to the process that started it. */
  readonly parent: MessagePeer<Verbs>;
  /** It ends by itself, or the kernel lets go of it. */
  die(): void;
  /** SIGKILL does not end it from now on. */
  hang(): void;
  /** How often it was sent SIGKILL. */
  readonly kills: number;
}

/** Starts one. */
export function startFakeWorkerProcess(pid: number, verbs: Verbs): FakeWorkerProcess {
  const channels = createMessageChannels();
  const ended = Promise.withResolvers<void>();
  let isStuck = false;
  let kills = 0;
  channels.one.onClose(() => ended.resolve());
  return {
    pid,
    ...channels.one,
    ended: ended.promise,
    parent: new MessagePeer<Verbs>(channels.other, verbs, 'The parent is gone.'),
    die: () => channels.close(),
    hang: () => void (isStuck = true),
    get kills() {
      return kills;
    },
    async kill() {
      kills += 1;
      await Promise.resolve();
      if (!isStuck) channels.close();
      return !isStuck;
    },
  };
}
