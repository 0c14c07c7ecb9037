import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import { applyRelease, applySeen, findAtPlace, isReleased, isSamePlace } from './instance-rules.ts';
import type { PoolInstance, PoolInstanceKey, PoolRegistry } from './registry.ts';
import type { KeptInstance, RegistryHome } from './registry-home.ts';

/** Somebody else changed the same instance each time: far more often than a few controllers can. */
const MAX_ATTEMPTS = 20;

/** The registry over a home: reads, decides, and writes unless somebody else has written meanwhile; then again. */
export function createRegistry(home: RegistryHome, clock: Pick<Clock, 'now'>): PoolRegistry {
  const now = (): Date => new Date(clock.now());

  /** Changes an instance by a rule that gives back what it was given when there is nothing to do. Undefined when it is not there. */
  async function change(
    poolId: string,
    rule: (before: PoolInstance) => PoolInstance,
    signal: AbortSignal,
  ): Promise<PoolInstance | undefined> {
    return await attempt(poolId, async () => {
      const kept = await home.find(poolId, signal);
      if (kept === undefined) return { done: undefined };
      return await replaceWith(kept, rule(kept.instance), signal);
    });
  }

  async function replaceWith(
    kept: KeptInstance,
    next: PoolInstance,
    signal: AbortSignal,
  ): Promise<{ readonly done: PoolInstance } | undefined> {
    if (next === kept.instance) return { done: next };
    return (await home.replace(kept, next, signal)) ? { done: next } : undefined;
  }

  return {
    check: async (signal) => await home.check(signal),

    async find(key, signal) {
      return findAtPlace(toInstances(await home.list(signal)), key);
    },

    async findById(poolId, signal) {
      return (await home.find(poolId, signal))?.instance;
    },

    async list(signal) {
      return toInstances(await home.list(signal));
    },

    async record(seen, signal) {
      return await attempt(seen.poolId, async () => {
        const own = await home.find(seen.poolId, signal);
        // The usual case, which needs to know nothing of the others: the place has been given to this pool before.
        if (own !== undefined && isHeldAt(own.instance, seen)) {
          return await replaceWith(own, applySeen([own.instance], seen, now()), signal);
        }
        const all = await home.list(signal);
        const next = applySeen(toInstances(all), seen, now());
        const kept = all.find(({ instance }) => instance.poolId === seen.poolId);
        if (kept !== undefined) return await replaceWith(kept, next, signal);
        return (await home.create(next, signal)) ? { done: next } : undefined;
      });
    },

    async noteSilence(poolId, signal) {
      await change(
        poolId,
        (before) =>
          isReleased(before) || before.condition === 'silent' ? before : { ...before, condition: 'silent' },
        signal,
      );
    },

    async release({ poolId, by }, signal) {
      const released = await change(poolId, (before) => applyRelease(before, by, now()), signal);
      if (released !== undefined) return released;
      throw new DriverError(
        'INVALID_ARGUMENT',
        `No pool with the id ${poolId} is registered: "stowage pools" lists those that are.`,
      );
    },

    async startReturn(poolId, signal) {
      await change(
        poolId,
        (before) =>
          before.release === undefined || before.release.isReturning
            ? before
            : { ...before, release: { ...before.release, isReturning: true } },
        signal,
      );
    },

    async finishReturn(poolId, signal) {
      await change(
        poolId,
        (before) => (before.release?.isReturning === true ? { ...before, release: undefined } : before),
        signal,
      );
    },

    async bury(object, signal) {
      // Ids become names of files and resources: only such as this project makes.
      if (parseObjectId(object.objectId)?.poolId !== object.poolId) return false;
      if (!(await isReleasedNow(home, object.poolId, signal))) return false;
      await home.addTombstone({ ...object, at: now() }, signal);
      // If it has begun to return meanwhile, its tombstones may have been read before this one was there.
      return await isReleasedNow(home, object.poolId, signal);
    },

    listTombstones: async (poolId, signal) => await home.listTombstones(poolId, signal),
    removeTombstone: async (tombstone, signal) => await home.removeTombstone(tombstone, signal),
  };
}

function isHeldAt(instance: PoolInstance, place: PoolInstanceKey): boolean {
  return !isReleased(instance) && isSamePlace(instance, place);
}

function toInstances(kept: readonly KeptInstance[]): readonly PoolInstance[] {
  return kept.map(({ instance }) => instance);
}

async function isReleasedNow(home: RegistryHome, poolId: string, signal: AbortSignal): Promise<boolean> {
  const kept = await home.find(poolId, signal);
  return kept !== undefined && isReleased(kept.instance);
}

/** Repeats a step until nobody else has come between its reading and its writing. */
async function attempt<T>(poolId: string, step: () => Promise<{ readonly done: T } | undefined>): Promise<T> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const outcome = await step();
    if (outcome !== undefined) return outcome.done;
  }
  throw new DriverError(
    'OPERATION_PENDING',
    `The registry's entry of pool ${poolId} is being changed by others all the time: ask again.`,
  );
}
