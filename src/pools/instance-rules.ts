import { DriverError } from '../domain/errors.ts';
import type { PoolInstance, PoolInstanceKey, PoolRelease, SeenPool } from './registry.ts';

/** How often `lastSeen` is written while nothing else changes. */
export const LAST_SEEN_INTERVAL_MS = 60_000;

/** A `lastSeen` that is so far ahead was written by a clock that was wrong. Less may lie between the clocks of two controllers, which must not correct each other all the time. */
const AHEAD_MS = 3_600_000;

/** An instance that was seen within this time is taken to be alive: more than twice the time between two notes. */
const ALIVE_MS = 3 * LAST_SEEN_INTERVAL_MS;

/** Whether two are the same place. */
export function isSamePlace(one: PoolInstanceKey, other: PoolInstanceKey): boolean {
  return one.driver === other.driver && one.poolName === other.poolName && one.nodeName === other.nodeName;
}

/** Whether the instance is given up, and has not come back yet. */
export function isReleased(instance: PoolInstance): boolean {
  return instance.release !== undefined && !instance.release.isReturning;
}

/** The one of all instances that counts at a place; contract as of PoolRegistry.find. */
export function findAtPlace(all: readonly PoolInstance[], key: PoolInstanceKey): PoolInstance | undefined {
  const here = all
    .filter((instance) => isSamePlace(instance, key))
    .toSorted((a, b) => b.lastSeen.getTime() - a.lastSeen.getTime());
  return (
    here.find((instance) => !isReleased(instance)) ??
    here.find((instance) => instance.release?.by === 'policy')
  );
}

/** What is registered after a pool was seen; the instance itself when there is nothing to write. Throws PRECONDITION_FAILED as PoolRegistry.record does. */
export function applySeen(all: readonly PoolInstance[], seen: SeenPool, now: Date): PoolInstance {
  const holder = all.find(
    (instance) => instance.poolId !== seen.poolId && isSamePlace(instance, seen) && !isReleased(instance),
  );
  if (holder !== undefined) throw anotherId(holder, seen);
  const before = all.find((instance) => instance.poolId === seen.poolId);
  if (before === undefined) return { ...seen, firstSeen: now, lastSeen: now, release: undefined };
  if (!isSamePlace(before, seen)) checkMove(before, seen, now);
  const next: PoolInstance = {
    ...seen,
    room: seen.room ?? before.room,
    firstSeen: before.firstSeen,
    lastSeen: now,
    release: before.release,
  };
  return isWorthWriting(before, next) ? next : before;
}

/** What is registered after a release; the instance itself when there is nothing to write. */
export function applyRelease(before: PoolInstance, by: PoolRelease['by'], now: Date): PoolInstance {
  const { release } = before;
  if (release === undefined) return { ...before, release: { at: now, by, isReturning: false } };
  const weightier = by === 'operator' ? by : release.by;
  if (!release.isReturning && release.by === weightier) return before;
  return { ...before, release: { at: release.at, by: weightier, isReturning: false } };
}

/** A room that changes is noted with the next sign of life; everything else at once. */
function isWorthWriting(before: PoolInstance, next: PoolInstance): boolean {
  return (
    !isSamePlace(before, next) ||
    before.condition !== next.condition ||
    (before.room === undefined && next.room !== undefined) ||
    before.onNodeLoss.action !== next.onNodeLoss.action ||
    (before.onNodeLoss.action === 'release' &&
      next.onNodeLoss.action === 'release' &&
      before.onNodeLoss.afterSeconds !== next.onNodeLoss.afterSeconds) ||
    isDue(before.lastSeen, next.lastSeen)
  );
}

function isDue(before: Date, next: Date): boolean {
  const ageMs = next.getTime() - before.getTime();
  return ageMs >= LAST_SEEN_INTERVAL_MS || ageMs <= -AHEAD_MS;
}

/** A node opens each of its pools once, so there another name is a new name; elsewhere it is a copy, unless the pool was given up before. */
function checkMove(before: PoolInstance, seen: SeenPool, now: Date): void {
  if (isReleased(before)) return;
  if (before.nodeName === seen.nodeName && before.driver === seen.driver) return;
  const isAlive = before.condition === 'open' && now.getTime() - before.lastSeen.getTime() < ALIVE_MS;
  throw new DriverError(
    'PRECONDITION_FAILED',
    isAlive
      ? `Pool ${seen.poolName} on node ${seen.nodeName} has the id ${seen.poolId}, and so has pool ${before.poolName} on node ${before.nodeName}, which was alive just now. If one disk is a copy of the other, take the copy away; if it was moved, wait until node ${before.nodeName} has been silent for some minutes.`
      : `Pool ${seen.poolName} on node ${seen.nodeName} has the id ${seen.poolId} of pool ${before.poolName} on node ${before.nodeName}, where it is not to be reached. If its disk was moved for good, run "stowage pools forget ${seen.poolId}", and it is taken up on node ${seen.nodeName}; if it is a copy, wipe it.`,
    { details: { poolId: seen.poolId } },
  );
}

function anotherId(holder: PoolInstance, seen: SeenPool): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${holder.poolName} of node ${holder.nodeName} is registered as ${holder.poolId}, and now shows as ${seen.poolId}. Mount the right disk; if the old one is gone for good, run "stowage pools forget ${holder.poolId}".`,
    { details: { poolId: holder.poolId } },
  );
}
