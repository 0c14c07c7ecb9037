import { DriverError } from '../../domain/errors.ts';
import type { ContentRequest } from '../../filestore/content/content.ts';
import type { LocalFileStore, StoreAbilities } from '../../filestore/file-store.ts';
import type { PoolRecord } from '../../filestore/records.ts';
import type { Verb } from '../../rpc/message-peer.ts';
import type { Admittance } from '../admissions.ts';
import { type ContentHandle, type ContentVerbs, OpenContents } from './content-verbs.ts';

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
  readonly openContent: Verb<{ readonly poolId: string; readonly request: ContentRequest }, ContentHandle>;
};

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

/** The worker's half: one store at most, opened by the first who needs it, and by one at a time. */
export class StoreHost {
  readonly #opening: StoreOpening;
  readonly #contents = new OpenContents();
  #opened: Opened | undefined;
  #coming: Promise<Opened | undefined> | undefined;
  #underWay = 0;

  constructor(opening: StoreOpening) {
    this.#opening = opening;
  }

  /** Whether nothing is under way, in the background neither, and nothing held for others. */
  get isIdle(): boolean {
    const isBusy = this.#opened?.store.isBusy?.() ?? false;
    return this.#underWay === 0 && this.#contents.size === 0 && !isBusy;
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
    openContent: async ({ poolId, request }, signal) =>
      await this.#use(poolId, signal, async (store) =>
        this.#contents.add(await store.openContent(request, signal)),
      ),
  };

  /** Closes the store, and what is read of it. */
  async close(): Promise<void> {
    const opened = (await this.#coming?.catch(() => undefined)) ?? this.#opened;
    this.#opened = undefined;
    await this.#contents.close();
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
      if (opened?.record.poolId !== poolId) {
        throw new DriverError(
          'POOL_UNAVAILABLE',
          `Pool ${poolId} is not at its place any more${opened === undefined ? '' : `: there is pool ${opened.record.poolId}`}. Look after its server and its export.`,
        );
      }
      return await work(opened.store);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #ensure(admittance: Admittance | undefined, signal: AbortSignal): Promise<Opened | undefined> {
    if (this.#opened !== undefined) return this.#opened;
    this.#coming ??= this.#open(admittance, signal).finally(() => {
      this.#coming = undefined;
    });
    return await this.#coming;
  }

  async #open(admittance: Admittance | undefined, signal: AbortSignal): Promise<Opened | undefined> {
    const lost = (error: DriverError): void => {
      const before = this.#opened;
      if (before === undefined) return;
      this.#opened = undefined;
      void closeQuietly(before.store);
      this.#opening.onLost(error);
    };
    const found = await this.#opening.open(admittance, lost, signal);
    if (found === undefined) return undefined;
    this.#opened = { ...found, abilities: found.store.abilities };
    return this.#opened;
  }
}
