import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { type Failure, fromFailure, toFailure } from './message-failure.ts';

/** One call that the other end may make. What it takes and gives back is what structured cloning keeps: data, dates and buffers, neither functions nor classes. */
export type Verb<A = never, R = unknown> = (argument: A, signal: AbortSignal) => Promise<R>;

/** The calls of one end, by name. */
export type Verbs = Readonly<Record<string, Verb>>;

/** A channel on which whole messages arrive in their order, or none any more. Both ends are the same release of this program, which trusts itself. */
export interface MessageChannel {
  /** Does nothing once the channel is closed. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly verb: string; readonly argument: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One end of a channel over which two processes of this program call each other. Errors arrive as what they were ({@link fromFailure}). */
export class MessagePeer<Theirs extends Verbs> {
  readonly #channel: MessageChannel;
  readonly #ours: Verbs;
  readonly #waiting = new Map<number, Waiting>();
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;
  #end: DriverError | undefined;

  /** @param whenClosed What calls fail with once the channel is closed: a sentence. */
  constructor(channel: MessageChannel, ours: Verbs, whenClosed: string) {
    this.#channel = channel;
    this.#ours = ours;
    channel.onMessage((message) => this.#take(message as Message));
    channel.onClose(() => this.close(new DriverError('POOL_UNAVAILABLE', whenClosed)));
  }

  /** How many calls of ours have no answer yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Calls the other end. When the signal aborts the other end is told, and the wait ends: what was begun there may go on. Throws what the verb throws, and POOL_UNAVAILABLE when the other end is gone. */
  async call<K extends keyof Theirs & string>(
    verb: K,
    argument: Parameters<Theirs[K]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<Theirs[K]>>> {
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    try {
      this.#channel.send({ kind: 'call', id, verb, argument });
      return (await raceAbort(promise, signal)) as Awaited<ReturnType<Theirs[K]>>;
    } finally {
      if (this.#waiting.delete(id)) this.#channel.send({ kind: 'cancel', id });
    }
  }

  /** Fails what waits, and ends what runs for the other end. What it still says is not listened to. */
  close(reason: DriverError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    for (const running of this.#running.values()) running.abort(reason);
  }

  #take(message: Message): void {
    if (this.#end !== undefined) return;
    switch (message.kind) {
      case 'call':
        void this.#answer(message);
        return;
      case 'cancel':
        this.#running.get(message.id)?.abort(new Error('The caller does not wait any more.'));
        return;
      case 'result':
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'failure':
        this.#settle(message.id)?.reject(fromFailure(message.failure));
        return;
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  async #answer({ id, verb, argument }: Extract<Message, { kind: 'call' }>): Promise<void> {
    const own = new AbortController();
    this.#running.set(id, own);
    try {
      const value = await this.#find(verb)(argument as never, own.signal);
      this.#channel.send({ kind: 'result', id, value });
    } catch (error) {
      this.#channel.send({ kind: 'failure', id, failure: toFailure(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  #find(verb: string): Verb {
    const found = Object.hasOwn(this.#ours, verb) ? this.#ours[verb] : undefined;
    if (found !== undefined) return found;
    throw new DriverError('UNSUPPORTED', `The other process has no verb ${verb}.`);
  }
}
