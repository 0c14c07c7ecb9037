import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import type { PoolAdmission } from '../filestore/pool-admission.ts';
import type { PoolRecord } from '../filestore/records.ts';
import type { StoreDirectory, StoreEntry, Unavailable } from '../filestore/store-directory.ts';
import { Trouble } from '../observability/trouble.ts';
import { Admissions, checkAdmitted, describeWaiting } from './admissions.ts';
import { describeForgetting } from './forgetting.ts';
import { findAtPlace, isReleased } from './instance-rules.ts';
import type { ConfiguredPool, OpenPoolDeps, PoolOpener } from './open-pool.ts';
import { PoolPulse } from './pool-pulse.ts';
import type { PoolInstance, PoolInstanceKey } from './registry.ts';
import { type WatchedStore, watchStore } from './watched-store.ts';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** What the stores of a node are opened with. */
export interface LocalStoresOptions
  extends Pick<OpenPoolDeps, 'registry' | 'clusterId' | 'nodeName' | 'driver' | 'clock' | 'logger'> {
  readonly pools: readonly ConfiguredPool[];
  readonly opener: PoolOpener;
}

interface PoolState {
  readonly pool: ConfiguredPool;
  /** What the disk said last, or else what was known of the place before. */
  poolId: string | undefined;
  /** What the disk said at the last attempt; undefined when it said nothing. */
  clusterId: string | undefined;
  /** Why it could not be opened the last time. */
  readonly trouble: Trouble;
  current: StoreEntry<WatchedStore>['state'];
}

/**
 * The stores of this node's pools. One that cannot be opened, or whose disk is gone, is listed with the reason and tried again, ever more seldom up to
 * once a minute; it keeps nobody else from working.
 */
export class LocalStores implements StoreDirectory<LocalFileStore> {
  readonly #options: LocalStoresOptions;
  readonly #states: readonly PoolState[];
  /** The registry, when it was last read. */
  #instances: readonly PoolInstance[] = [];
  readonly #admissions: Admissions;
  readonly #stop = new AbortController();
  readonly #background = new Set<Promise<void>>();

  constructor(options: LocalStoresOptions) {
    this.#options = options;
    this.#admissions = new Admissions(options.logger);
    this.#states = options.pools.map((pool) => ({
      pool,
      poolId: undefined,
      clusterId: undefined,
      trouble: new Trouble(options.logger, 'error'),
      current: toOpening(pool.name),
    }));
  }

  list(): readonly StoreEntry<LocalFileStore>[] {
    const { nodeName } = this.#options;
    return this.#states.map((state) => ({
      poolName: state.pool.name,
      nodeName,
      // What another place holds is not here any more.
      poolId: state.clusterId === undefined && this.#findTwin(state) !== undefined ? undefined : state.poolId,
      state: toState(state.current),
    }));
  }

  listFormer(): readonly StoreEntry<LocalFileStore>[] {
    const { driver, nodeName, clusterId } = this.#options;
    const knownBy = clusterId === undefined ? 'node' : 'machine';
    const isClaimed = (poolId: string): boolean => this.#states.some((state) => state.poolId === poolId);
    return this.#instances
      .filter((instance) => instance.driver === driver && instance.nodeName === nodeName)
      .filter((instance) => !isReleased(instance) && !isClaimed(instance.poolId))
      .map(({ poolName, poolId }) => ({
        poolName,
        nodeName,
        poolId,
        state: {
          unavailable: `Pool ${poolName} (${poolId}) is not configured any more, but its volumes may be there still. Configure it again until they are deleted; if its data is gone for good, ${describeForgetting(poolId, knownBy)}.`,
        },
      }));
  }

  /** Tries every pool once; those that fail are tried again in the background. Never throws for a pool's sake. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#recall(signal);
    await Promise.all(
      this.#states.map(async (state) => {
        if (!(await this.#attempt(state, signal))) this.#retry(state);
      }),
    );
  }

  /** Of use where pools are admitted by controllers: see {@link OpenPoolDeps}. */
  get admission(): PoolAdmission {
    return {
      list: () => this.#admissions.list(),
      admit: async (request) => {
        const state = this.#states.find(({ pool }) => pool.name === request.poolName);
        if (state === undefined) {
          throw new DriverError(
            'INVALID_ARGUMENT',
            `Node ${this.#options.nodeName} has no pool named ${quote(request.poolName)}.`,
          );
        }
        const { poolId, clusterId } = state;
        if (poolId !== undefined && clusterId !== undefined) checkAdmitted({ poolId, clusterId }, request);
        state.poolId ??= request.knownPoolId;
        if (this.#admissions.isWaiting(request.poolName)) state.current = toOpening(request.poolName);
        this.#admissions.admit(request);
      },
    };
  }

  /** Stops retrying and closes every store. What is mounted stays: pods use it. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The pools are being closed.'));
    await Promise.allSettled(this.#background);
    await Promise.all(this.#states.map((state) => this.#shut(state, `Pool ${state.pool.name} is closed.`)));
  }

  /** Gives pools that are out of reach the id that they had. */
  async #recall(signal: AbortSignal): Promise<void> {
    const { registry, logger } = this.#options;
    try {
      this.#instances = await registry.list(signal);
    } catch (error) {
      logger.error('The registry of pools cannot be read', { err: error });
      return;
    }
    for (const state of this.#states) {
      state.poolId = findAtPlace(this.#instances, this.#keyOf(state.pool.name))?.poolId;
    }
  }

  #keyOf(poolName: string): PoolInstanceKey {
    const { driver, nodeName } = this.#options;
    return { driver, poolName, nodeName };
  }

  async #attempt(state: PoolState, signal: AbortSignal): Promise<boolean> {
    const { pool } = state;
    const { logger } = this.#options;
    let hasClaimed = false;
    const claim = ({ poolId, clusterId }: PoolRecord): void => {
      hasClaimed = true;
      state.poolId = poolId;
      state.clusterId = clusterId;
      this.#checkUnique(state);
    };
    let own: WatchedStore | undefined;
    const lost = (error: DriverError): void => {
      // Calls that were under way may tell once more when the pool has been opened anew.
      if ('store' in state.current && state.current.store === own) this.#takeUpAgain(state, error);
    };
    try {
      // It may have been unreadable before.
      this.#instances = await this.#options.registry.list(signal);
      const admittance = this.#admissions.find(pool.name);
      const opened = await this.#options.opener.open({ pool, admittance }, { claim, lost }, signal);
      if (opened === undefined) return this.#letWait(state);
      this.#admissions.finish(pool.name);
      const store = watchStore(opened, this.#createPulse(pool));
      own = store;
      state.current = { store };
      // Another pool may have shown the same id while this one was being opened.
      this.#checkUnique(state);
      state.trouble.end();
      logger.info('Pool opened', { pool: pool.name, poolId: store.poolId, ...store.abilities });
      return true;
    } catch (error) {
      // What was said of the place is asked for again: an operator may have the registry forget a pool whose disk is gone.
      this.#admissions.settle(pool.name);
      await this.#shut(state, toSentence(pool.name, error));
      if (!this.#stop.signal.aborted) {
        state.trouble.note('A pool cannot be opened', error, { pool: pool.name });
      }
      return false;
    } finally {
      if (!hasClaimed) state.clusterId = undefined;
    }
  }

  #letWait(state: PoolState): false {
    this.#admissions.wait(state.pool.name);
    state.current = { unavailable: describeWaiting(state.pool.name) };
    return false;
  }

  #createPulse(pool: ConfiguredPool): PoolPulse {
    const { opener, logger } = this.#options;
    return new PoolPulse({ poolName: pool.name, probe: async () => await opener.probe(pool), logger });
  }

  /** A cloned disk: nobody can say which of the two a volume is on, so neither serves. */
  #checkUnique(state: PoolState): void {
    const twin = this.#findTwin(state);
    if (twin === undefined) return;
    const message = `Pools ${state.pool.name} (${state.pool.path}) and ${twin.pool.name} (${twin.pool.path}) have the same id ${state.poolId}, so one is a copy of the other, and neither is used. Remove the copy from the configuration, or wipe it.`;
    if ('store' in twin.current) {
      this.#supervise(this.#shut(twin, message).then(() => this.#retryForever(twin)));
    }
    throw new DriverError('POOL_UNAVAILABLE', message);
  }

  /** Another place whose disk says that it is the same pool. What is only known from before counts for nothing. */
  #findTwin(state: PoolState): PoolState | undefined {
    return this.#states.find(
      (other) => other !== state && other.poolId === state.poolId && other.clusterId !== undefined,
    );
  }

  /** Its disk is gone, and may come back as another device. */
  #takeUpAgain(state: PoolState, error: DriverError): void {
    this.#options.logger.error('A pool is gone', { pool: state.pool.name, err: error });
    this.#supervise(this.#shut(state, error.message).then(() => this.#retryForever(state)));
  }

  async #shut(state: PoolState, unavailable: string): Promise<void> {
    const before = state.current;
    state.current = { unavailable };
    if ('store' in before) await before.store.close();
  }

  #retry(state: PoolState): void {
    this.#supervise(this.#retryForever(state));
  }

  async #retryForever(state: PoolState): Promise<void> {
    const { signal } = this.#stop;
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      await this.#sleep(state, waitMs);
      if (await this.#attempt(state, signal)) return;
    }
  }

  /** A pool that waits to be admitted is tried as soon as it is. */
  async #sleep({ pool }: PoolState, ms: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    const isWaiting = this.#admissions.list().some(({ poolName }) => poolName === pool.name);
    if (!isWaiting) return await clock.sleep(ms, signal);
    const admitted = this.#admissions.wait(pool.name);
    await clock.sleep(ms, AbortSignal.any([signal, admitted])).catch(() => signal.throwIfAborted());
  }

  #supervise(work: Promise<void>): void {
    const supervised = work
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#options.logger.error('A pool is not tried again', { err: error });
      })
      .finally(() => this.#background.delete(supervised));
    this.#background.add(supervised);
  }
}

/** A pool that hangs is not available, although its store is open and goes on when it answers again. */
function toState(current: PoolState['current']): StoreEntry<LocalFileStore>['state'] {
  const obstacle = 'store' in current ? current.store.findObstacle() : undefined;
  return obstacle === undefined ? current : { unavailable: obstacle };
}

function toOpening(poolName: string): Unavailable {
  return { unavailable: `Pool ${poolName} is being opened: ask again.`, isOpening: true };
}

function toSentence(poolName: string, error: unknown): string {
  if (error instanceof DriverError) return error.message;
  const reason = error instanceof Error ? error.message : String(error);
  return `Pool ${poolName} cannot be opened: ${reason}`;
}
