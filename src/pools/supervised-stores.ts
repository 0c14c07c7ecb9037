import { isDriverError } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import { applySeen, isReleased, isSamePlace } from './instance-rules.ts';
import type { NodeReport } from './pool-reports.ts';
import type { PoolInstance, PoolInstanceKey } from './registry.ts';
import type { RegistryView } from './registry-view.ts';
import { isSharedPlace } from './shared/shared-place.ts';

export interface SupervisedStoresOptions<S extends FileStore> {
  /** CSI name of the driver whose pools these are. */
  readonly driver: string;
  /** The stores as the nodes offer them. */
  readonly stores: StoreDirectory<S>;
  /** The registry, as it was last read. */
  readonly view: Pick<RegistryView, 'instances' | 'isFresh' | 'findRefusal'>;
  /** The nodes that answer now: what they do not offer is not configured there any more. */
  readonly reports: { list(): readonly NodeReport[] };
  /** Whether a store is open only once its pool is registered: then there is no need to wait for the registry to be read again. */
  readonly isRegisteredWhenOpen: boolean;
}

/** What follows from the registry as it was read at one time. */
interface Findings {
  readonly instances: readonly PoolInstance[];
  readonly byId: ReadonlyMap<string, PoolInstance>;
  readonly refusals: Map<string, { readonly sentence: string | undefined }>;
}

/** What is to be done with an entry. */
type Verdict<S extends FileStore> =
  | { readonly list: StoreEntry<S> }
  | { readonly former: StoreEntry<S> }
  | 'left out';

/** What the verdicts follow from. */
interface Ground<S extends FileStore> {
  readonly entries: readonly StoreEntry<S>[];
  readonly former: readonly StoreEntry<S>[];
  readonly instances: readonly PoolInstance[];
  readonly isFresh: boolean;
}

interface Judged<S extends FileStore> {
  readonly ground: Ground<S>;
  readonly list: readonly StoreEntry<S>[];
  readonly listFormer: readonly StoreEntry<S>[];
}

/**
 * The stores that may be used, by the registry's word. Pools that were given up are not in it; those of nodes that do not answer are, as unavailable,
 * so that what they hold never looks as if it were gone; and neither a copy of a pool nor a pool that is just coming back is used.
 */
export class SupervisedStores<S extends FileStore> implements StoreDirectory<S> {
  readonly #options: SupervisedStoresOptions<S>;
  #findings: Findings | undefined;
  #judged: Judged<S> | undefined;

  constructor(options: SupervisedStoresOptions<S>) {
    this.#options = options;
  }

  list(): readonly StoreEntry<S>[] {
    return this.#judge().list;
  }

  listFormer(): readonly StoreEntry<S>[] {
    return this.#judge().listFormer;
  }

  /** Every call asks for this, often more than once, and with many nodes it is work: what was said before is said again while nothing has changed. */
  #judge(): Judged<S> {
    const { stores, view } = this.#options;
    const { instances, isFresh } = view;
    const ground = { entries: stores.list(), former: stores.listFormer?.() ?? NONE, instances, isFresh };
    if (this.#judged !== undefined && isSameGround(this.#judged.ground, ground)) return this.#judged;
    const missing = this.#listMissing(ground);
    const verdicts = this.#judgeAll(ground.entries, missing);
    const judged: Judged<S> = {
      ground,
      list: verdicts.flatMap((verdict) =>
        verdict !== 'left out' && 'list' in verdict ? [verdict.list] : [],
      ),
      listFormer: [
        ...ground.former.filter(({ poolId }) => !this.#isGivenUp(poolId)),
        ...verdicts.flatMap((verdict) =>
          verdict !== 'left out' && 'former' in verdict ? [verdict.former] : [],
        ),
      ],
    };
    // What is said of pools of which no node speaks, or which are not registered, follows from more than that.
    const { byId } = this.#getFindings();
    const isAll =
      missing.length === 0 && ground.entries.every(({ poolId }) => poolId === undefined || byId.has(poolId));
    this.#judged = isAll ? judged : undefined;
    return judged;
  }

  /** Pools of which no node speaks. */
  #listMissing({ entries, former, instances }: Ground<S>): readonly PoolInstance[] {
    // By place: a copy elsewhere does not stand for the pool itself.
    const offered = new Set([...entries, ...former].map(toPlaceAndId));
    return instances.filter(
      (instance) =>
        instance.driver === this.#options.driver &&
        !this.#isGone(instance) &&
        !offered.has(toPlaceAndId(instance)),
    );
  }

  #judgeAll(entries: readonly StoreEntry<S>[], missing: readonly PoolInstance[]): readonly Verdict<S>[] {
    const open = Map.groupBy(
      entries.filter(({ state }) => 'store' in state),
      ({ poolId }) => poolId,
    );
    return [
      ...entries.map((entry) =>
        'store' in entry.state
          ? this.#judgeOpen(entry, open.get(entry.poolId) ?? [])
          : this.#judgeUnavailable(entry),
      ),
      ...missing.map((instance) => this.#judgeMissing(instance)),
    ];
  }

  #judgeOpen(entry: StoreEntry<S>, sameId: readonly StoreEntry<S>[]): Verdict<S> {
    const { poolId } = entry;
    if (poolId === undefined) return { list: entry };
    const twin = sameId.find((other) => other !== entry);
    if (twin !== undefined) return { list: withhold(entry, describeTwins(entry, twin)) };
    const instance = this.#getFindings().byId.get(poolId);
    const refusal =
      this.#findRefusal(this.#toKey(entry), poolId) ??
      (instance === undefined ? this.#options.view.findRefusal(entry) : undefined);
    if (refusal !== undefined) return { former: withhold(entry, refusal) };
    const hindrance = this.#findHindrance(instance);
    return { list: hindrance === undefined ? entry : withhold(entry, hindrance) };
  }

  /** What a node cannot open is where it says, unless it is registered elsewhere by now. */
  #judgeUnavailable(entry: StoreEntry<S>): Verdict<S> {
    if (entry.poolId === undefined) return { list: entry };
    const instance = this.#getFindings().byId.get(entry.poolId);
    if (instance === undefined) return { list: entry };
    if (this.#isGone(instance) || !isSamePlace(instance, this.#toKey(entry))) return 'left out';
    return { list: entry };
  }

  #isGivenUp(poolId: string | undefined): boolean {
    return this.#options.view.instances.some(
      (instance) => instance.poolId === poolId && this.#isGone(instance),
    );
  }

  /** What was given up is gone; unless that was heard too long ago, and it shows by nothing that it is back. */
  #isGone(instance: PoolInstance): boolean {
    return isReleased(instance) && this.#options.view.isFresh;
  }

  #findHindrance(instance: PoolInstance | undefined): string | undefined {
    if (instance === undefined) {
      return this.#options.isRegisteredWhenOpen ? undefined : 'It is being registered: ask again.';
    }
    if (instance.release === undefined) return undefined;
    // Also before the registry says so: somebody else may have taken it back already.
    return 'It has come back, and what was deleted meanwhile is being removed: ask again.';
  }

  #toKey({ poolName, nodeName }: StoreEntry): PoolInstanceKey {
    return { driver: this.#options.driver, poolName, nodeName };
  }

  /** Why the registry does not let the pool be where it shows. */
  #findRefusal(key: PoolInstanceKey, poolId: string): string | undefined {
    const { refusals } = this.#getFindings();
    const id = JSON.stringify([key.poolName, key.nodeName, poolId]);
    const known = refusals.get(id);
    if (known !== undefined) return known.sentence;
    const sentence = findRefusal(this.#options.view.instances, key, poolId);
    refusals.set(id, { sentence });
    return sentence;
  }

  /** Made anew when the registry has been read again: lists are asked for several times in every call. */
  #getFindings(): Findings {
    const { instances } = this.#options.view;
    if (this.#findings?.instances !== instances) {
      const byId = new Map(instances.map((instance) => [instance.poolId, instance]));
      this.#findings = { instances, byId, refusals: new Map() };
    }
    return this.#findings;
  }

  /** A pool of which no node speaks. */
  #judgeMissing({ poolName, nodeName, poolId }: PoolInstance): Verdict<S> {
    const entry = { poolName, nodeName, poolId };
    const isAnswering = this.#options.reports.list().some((report) => report.nodeName === nodeName);
    if (isSharedPlace(nodeName)) {
      const unavailable = describeMissingShared({ poolName, poolId, isAnswering });
      const missing = { ...entry, state: { unavailable } };
      return isAnswering ? { former: missing } : { list: missing };
    }
    if (isAnswering) {
      return {
        former: {
          ...entry,
          state: {
            unavailable: `Node ${nodeName} does not have it configured any more. Configure it again until its volumes are deleted; if its data is gone for good, run "stowage pools forget ${poolId}".`,
          },
        },
      };
    }
    return {
      list: {
        ...entry,
        state: {
          unavailable: `Node ${nodeName} does not answer. See whether it runs; if it is gone for good, run "stowage nodes forget ${nodeName}".`,
        },
      },
    };
  }
}

const NONE: readonly never[] = [];

/** The same lists, not only equal ones. */
function isSameGround(one: Ground<FileStore>, other: Ground<FileStore>): boolean {
  return (
    one.entries === other.entries &&
    one.former === other.former &&
    one.instances === other.instances &&
    one.isFresh === other.isFresh
  );
}

/** A place that many agents reach is no node, and is not forgotten as one. */
function describeMissingShared({
  poolName,
  poolId,
  isAnswering,
}: Pick<PoolInstance, 'poolName' | 'poolId'> & { readonly isAnswering: boolean }): string {
  const forget = `if its data is gone for good, run "stowage pools forget ${poolId}"`;
  return isAnswering
    ? `Agents reach another pool under the name ${poolName} now. Configure this one (${poolId}) under another name until its volumes are deleted; ${forget}.`
    : `None of the agents that reach pool ${poolName} answers. See whether the program runs on its server, or on the nodes; ${forget}.`;
}

function toPlaceAndId({ poolName, nodeName, poolId }: Omit<StoreEntry, 'state'>): string {
  return JSON.stringify([poolName, nodeName, poolId]);
}

function describeTwins(entry: StoreEntry, twin: StoreEntry): string {
  return `Pool ${twin.poolName} on node ${twin.nodeName} has the same id ${entry.poolId ?? ''}, so one is a copy of the other, and neither is used. Wipe the copy, or take it away.`;
}

function findRefusal(
  instances: readonly PoolInstance[],
  key: PoolInstanceKey,
  poolId: string,
): string | undefined {
  try {
    applySeen(
      instances,
      { ...key, poolId, onNodeLoss: { action: 'keep' }, condition: 'open', room: undefined },
      new Date(),
    );
    return undefined;
  } catch (error) {
    if (isDriverError(error, 'PRECONDITION_FAILED')) return error.message;
    throw error;
  }
}

function withhold<S extends FileStore>(entry: StoreEntry<S>, unavailable: string): StoreEntry<S> {
  return { ...entry, state: { unavailable } };
}
