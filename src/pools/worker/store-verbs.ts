import { startDeadline } from '../../base/deadline.ts';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentFacts, ContentRequest } from '../../filestore/content/content.ts';
import type { LocalFileStore, StoreAbilities } from '../../filestore/file-store.ts';
import type { PoolRecord } from '../../filestore/records.ts';
import type { Verb } from '../../rpc/message-peer.ts';
import type { Admittance } from '../admissions.ts';
import { type ContentVerbs, OpenContents } from './content-verbs.ts';

/** What is known of a store that the worker has opened. */
export interface OpenedStore {
  readonly record: PoolRecord;
  readonly abilities: StoreAbilities;
}

/** Methods of a store that take a request, or nothing, and a signal. */
export type StoreMethod = Exclude<
  keyof LocalFileStore,
  'poolId' | 'abilities' | 'openContent' | 'isBusy' | 'peekRoom' | 'close'
>;

/** One call of the store of a pool. The worker opens it if it is not open. */
export interface StoreCall<M extends StoreMethod = StoreMethod> {
  readonly poolId: string;
  readonly method: M;
  /** Undefined where the method takes none. */
  readonly request: unknown;
}

/** A pool's store in a worker. */
export type StoreVerbs = ContentVerbs & {
  /** Opens the store, or says what is open. Undefined when a controller has to admit the pool first. */
  readonly openStore: Verb<Admittance | undefined, OpenedStore | undefined>;
  readonly closeStore: Verb<undefined, void>;
  /** Writes a little to the pool, and returns when it is there. */
  readonly probeStore: Verb<undefined, void>;
  readonly callStore: Verb<StoreCall>;
  /** Under a handle that the caller chooses. */
  readonly openContent: Verb<OpenContentCall, ContentFacts>;
};

/** What is to be opened, and the handle by which it is read and closed. */
export interface OpenContentCall {
  readonly poolId: string;
  readonly handle: string;
  readonly request: ContentRequest;
}

/** Bound on one opening, whoever waits for it: mounting takes as long as the kernel tries. */
const OPENING_MS = 10 * 60_000;

/** What cannot be closed is swept at the next opening. */
async function closeQuietly(store: LocalFileStore): Promise<void> {
  await store.close().catch(() => undefined);
}

/** How a worker comes to a store. */
export interface StoreOpening {
  /** Undefined when a controller has to admit the pool first. Throws DriverError. `lost` is told when the pool is not at its place any more. */
  open(
    admittance: Admittance | undefined,
    lost: (error: DriverError) => void,
    signal: AbortSignal,
  ): Promise<{ readonly store: LocalFileStore; readonly record: PoolRecord } | undefined>;
  probe(): Promise<void>;
  /** Told that the store was closed, since its pool is not at its place any more. */
  onLost(error: DriverError): void;
}

interface Opened extends OpenedStore {
  readonly store: LocalFileStore;
}

/** It goes on when whoever began it leaves: others may wait for it, and the next one certainly does. */
interface Coming {
  readonly opened: Promise<Opened | undefined>;
  readonly stop: AbortController;
}

/** The worker's half: one store at most, opened by the first who needs it, and by one at a time. */
export class StoreHost {
  readonly #opening: StoreOpening;
  readonly #contents = new OpenContents();
  #opened: Opened | undefined;
  #coming: Coming | undefined;
  #underWay = 0;

  constructor(opening: StoreOpening) {
    this.#opening = opening;
  }

  /** Whether nothing is under way, in the background neither, and nothing held for others. */
  get isIdle(): boolean {
    const isBusy = this.#opened?.store.isBusy?.() ?? false;
    return this.#underWay === 0 && this.#coming === undefined && this.#contents.size === 0 && !isBusy;
  }

  readonly verbs: StoreVerbs = {
    ...this.#contents.verbs,
    openStore: async (admittance, signal) => {
      const opened = await this.#ensure(admittance, signal);
      if (opened === undefined) return undefined;
      const { record, abilities } = opened;
      return { record, abilities };
    },
    closeStore: async () => await this.close(),
    probeStore: async () => await this.#opening.probe(),
    callStore: async ({ poolId, method, request }, signal) =>
      await this.#use(poolId, signal, async (store) => {
        const work = store[method].bind(store) as (...values: readonly unknown[]) => Promise<unknown>;
        return await (request === undefined ? work(signal) : work(request, signal));
      }),
    openContent: async ({ poolId, handle, request }, signal) =>
      await this.#use(
        poolId,
        signal,
        async (store) => await this.#contents.open(handle, () => store.openContent(request, signal)),
      ),
  };

  /** Closes the store, and what is read of it. The next call opens it again. */
  async close(): Promise<void> {
    this.#coming?.stop.abort(new DriverError('POOL_UNAVAILABLE', 'The pool is being closed.'));
    // It may have come to its end all the same.
    await this.#coming?.opened.catch(() => undefined);
    const opened = this.#opened;
    this.#opened = undefined;
    await this.#contents.closeAll();
    await opened?.store.close();
  }

  async #use<T>(
    poolId: string,
    signal: AbortSignal,
    work: (store: LocalFileStore) => Promise<T>,
  ): Promise<T> {
    this.#underWay += 1;
    try {
      const opened = await this.#ensure(undefined, signal);
      if (opened?.record.poolId === poolId) return await work(opened.store);
      throw this.#noteReplaced(poolId, opened);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Whoever called believes that the pool is open, so it has to hear that it is not. */
  #noteReplaced(poolId: string, opened: Opened | undefined): DriverError {
    const error = new DriverError(
      'POOL_UNAVAILABLE',
      `Pool ${poolId} is not at its place any more${opened === undefined ? '' : `: there is pool ${opened.record.poolId}`}. Look after its server and its export.`,
    );
    this.#opening.onLost(error);
    return error;
  }

  async #ensure(admittance: Admittance | undefined, signal: AbortSignal): Promise<Opened | undefined> {
    for (;;) {
      if (this.#opened !== undefined) return this.#opened;
      const isOwn = this.#coming === undefined;
      this.#coming ??= this.#begin(admittance);
      const opened = await raceAbort(this.#coming.opened, signal);
      // Who began it may not have had the word of a controller that this call brings.
      if (opened !== undefined || isOwn || admittance === undefined) return opened;
    }
  }

  #begin(admittance: Admittance | undefined): Coming {
    const stop = new AbortController();
    const opened = this.#open(admittance, stop.signal).finally(() => {
      this.#coming = undefined;
    });
    return { stop, opened };
  }

  async #open(admittance: Admittance | undefined, signal: AbortSignal): Promise<Opened | undefined> {
    using deadline = startDeadline(signal, OPENING_MS);
    let own: Opened | undefined;
    const lost = (error: DriverError): void => {
      // Calls that were under way may tell once more when it has been opened anew.
      if (own === undefined || this.#opened !== own) return;
      this.#opened = undefined;
      void closeQuietly(own.store);
      this.#opening.onLost(error);
    };
    const found = await this.#opening.open(admittance, lost, deadline.signal);
    if (found === undefined) return undefined;
    own = { ...found, abilities: found.store.abilities };
    this.#opened = own;
    return own;
  }
}
