import type { PoolInstance } from './registry.ts';

/** Below this part of its size a pool counts as almost full, and above the other one as no longer so. */
const LOW_WATER = 0.1;
const LOW_WATER_OVER = 0.15;

/** Something that has happened to a pool, for those who use it. */
export interface PoolNews {
  readonly poolId: string;
  readonly type: 'Normal' | 'Warning';
  /** One word. */
  readonly reason:
    | 'PoolOpen'
    | 'PoolUnavailable'
    | 'PoolSilent'
    | 'PoolReleased'
    | 'PoolReturning'
    | 'PoolBack'
    | 'PoolAlmostFull'
    | 'SizesNotEnforced';
  readonly message: string;
}

const NONE: ReadonlySet<string> = new Set();

/** Follows what becomes of the pools of one driver. What they are when they are seen first is no news. */
export class PoolNewsDesk {
  readonly #driver: string;
  #before = new Map<string, PoolInstance>();
  readonly #almostFull = new Set<string>();
  readonly #unenforced = new Set<string>();

  /** By its CSI name. */
  constructor(driver: string) {
    this.#driver = driver;
  }

  /**
   * What has changed since the last look at everything that is registered. That a pool is one of those that do not enforce sizes is told once, also when it was so from the start.
   */
  look(registered: readonly PoolInstance[], unenforced: ReadonlySet<string> = NONE): readonly PoolNews[] {
    const instances = registered.filter(({ driver }) => driver === this.#driver);
    const news = instances.flatMap((after) => {
      const before = this.#before.get(after.poolId);
      const isLow = this.#noteLevel(after, before === undefined);
      const changes = before === undefined ? [] : [...listChanges(before, after), ...isLow];
      return [...changes, ...this.#noteUnenforced(after, unenforced)];
    });
    this.#before = new Map(instances.map((instance) => [instance.poolId, instance]));
    return news;
  }

  #noteUnenforced(instance: PoolInstance, unenforced: ReadonlySet<string>): readonly PoolNews[] {
    const { poolId } = instance;
    if (!unenforced.has(poolId)) {
      // One that is out of reach has not begun to.
      if (instance.condition === 'open') this.#unenforced.delete(poolId);
      return [];
    }
    if (this.#unenforced.has(poolId)) return [];
    this.#unenforced.add(poolId);
    return [
      tell(
        instance,
        'SizesNotEnforced',
        'cannot enforce sizes, so that each of its volumes may fill it: run an agent on its server, or watch what it holds',
      ),
    ];
  }

  /** Full and almost full lie apart, so that a pool at the mark is not news all the time. */
  #noteLevel(instance: PoolInstance, isFirst: boolean): readonly PoolNews[] {
    const { poolId, room } = instance;
    if (room === undefined || room.totalBytes === 0) return [];
    const part = room.availableBytes / room.totalBytes;
    if (part > LOW_WATER_OVER) this.#almostFull.delete(poolId);
    if (part >= LOW_WATER || this.#almostFull.has(poolId)) return [];
    this.#almostFull.add(poolId);
    if (isFirst) return [];
    const percent = Math.floor(part * 100);
    return [
      tell(
        instance,
        'PoolAlmostFull',
        `has ${percent} % of its size left for new volumes: grow it, or delete what nobody needs`,
      ),
    ];
  }
}

function listChanges(before: PoolInstance, after: PoolInstance): readonly PoolNews[] {
  if (before.release !== undefined || after.release !== undefined) return listReleaseChanges(before, after);
  return before.condition === after.condition ? [] : [describeCondition(after)];
}

/** Of a pool that was given up, what it says of itself is no news. */
function listReleaseChanges(before: PoolInstance, after: PoolInstance): readonly PoolNews[] {
  const { release } = after;
  if (release === undefined) return [tell(after, 'PoolBack', 'has come back, and is used again')];
  if (before.release === undefined) {
    const by = release.by === 'operator' ? 'by an operator' : 'by its policy, after a long silence';
    const what = `was given up ${by}: its volumes count as gone, and new ones are made elsewhere`;
    return [tell(after, 'PoolReleased', what)];
  }
  if (before.release.isReturning || !release.isReturning) return [];
  return [tell(after, 'PoolReturning', 'comes back: what was deleted meanwhile is deleted there first')];
}

function describeCondition(after: PoolInstance): PoolNews {
  const { condition } = after;
  if (condition === 'open') return tell(after, 'PoolOpen', 'can be used again');
  if (condition === 'unavailable') {
    return tell(
      after,
      'PoolUnavailable',
      'cannot be used: the log of the node says why, and "stowage pools" shows its state',
    );
  }
  return tell(after, 'PoolSilent', 'does not answer: what it holds is out of reach until the node is back');
}

const NORMAL: ReadonlySet<PoolNews['reason']> = new Set(['PoolOpen', 'PoolReturning', 'PoolBack']);

function tell(
  { poolId, poolName, nodeName }: PoolInstance,
  reason: PoolNews['reason'],
  what: string,
): PoolNews {
  const type = NORMAL.has(reason) ? 'Normal' : 'Warning';
  return { poolId, type, reason, message: `Pool ${poolName} on node ${nodeName} ${what}.` };
}
