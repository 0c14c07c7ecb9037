import { formatQuantity } from '../config/quantity.ts';
import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { PoolInstance, PoolRegistry } from '../pools/registry.ts';
import { describePlace } from '../pools/shared/shared-place.ts';
import { formatAge } from './pools-table.ts';

/** What is seen is written down once a minute: what was seen within this time may be alive. */
const ALIVE_MS = 150_000;

/** Which pools are to be given up. */
export type ForgetTarget = { readonly node: string } | { readonly poolId: string };

export interface ForgetOptions {
  readonly target: ForgetTarget;
  /** Also what seems to be alive. */
  readonly force: boolean;
  /** Without it, what would happen is only said. */
  readonly yes: boolean;
  readonly nowMs: number;
}

/**
 * Gives pools up by an operator's word, and says what that means. Again is fine. Throws INVALID_ARGUMENT for a node or pool that is not registered, and
 * PRECONDITION_FAILED for what seems to be alive.
 */
export async function forgetPools(
  registry: PoolRegistry,
  options: ForgetOptions,
  signal: AbortSignal,
): Promise<string> {
  const { target, force, yes, nowMs } = options;
  const meant = findMeant(await registry.list(signal), target);
  const held = meant.filter(
    ({ release }) => release === undefined || release.by !== 'operator' || release.isReturning,
  );
  if (held.length === 0) return 'All of it is forgotten already.\n';
  if (!force) checkGone(held, { target, nowMs });
  const list = held.map((instance) => describe(instance, nowMs)).join('');
  if (!yes) return `${explain(list)}\nNothing is done yet: say the same with --yes.\n`;
  for (const { poolId } of held) await registry.release({ poolId, by: 'operator' }, signal);
  return `${explain(list)}\nDone.\n`;
}

function findMeant(instances: readonly PoolInstance[], target: ForgetTarget): readonly PoolInstance[] {
  const meant = instances.filter((instance) =>
    'node' in target ? instance.nodeName === target.node : instance.poolId === target.poolId,
  );
  if (meant.length > 0) return meant;
  throw new DriverError(
    'INVALID_ARGUMENT',
    'node' in target
      ? `No pool of a node named ${quote(target.node)} is registered: "stowage pools" lists those that are.`
      : `No pool with the id ${quote(target.poolId)} is registered: "stowage pools" lists those that are.`,
  );
}

/** A node is alive when it says anything of any of its pools; a pool when it is open. */
function checkGone(
  held: readonly PoolInstance[],
  { target, nowMs }: { readonly target: ForgetTarget; readonly nowMs: number },
): void {
  const alive = held.find(
    ({ condition, lastSeen }) =>
      (condition === 'open' || ('node' in target && condition === 'unavailable')) &&
      nowMs - lastSeen.getTime() < ALIVE_MS,
  );
  if (alive === undefined) return;
  const { poolName, nodeName, lastSeen } = alive;
  const when = formatAge(nowMs - lastSeen.getTime());
  throw new DriverError(
    'PRECONDITION_FAILED',
    'node' in target
      ? `Node ${nodeName} is alive: pool ${poolName} was seen there ${when} ago. Nothing was done. Stop the node first: pools that are open are taken back at once. If it is gone although it was seen so lately, say --force.`
      : `Pool ${poolName} ${describePlace(nodeName)} is alive: it was seen ${when} ago. Nothing was done. Remove it from the configuration or stop its node first: a pool that is open is taken back at once. If it is gone although it was seen so lately, say --force.`,
  );
}

function explain(list: string): string {
  return `These pools are given up:
${list}
Their volumes and snapshots count as gone: they leave all lists, deleting them succeeds, and new volumes are made
elsewhere. A new pool may be made in the place of each. What is on their disks is not touched.
To undo it, bring the disks back, on this node or another one: a pool that shows up again is taken back with everything
that was not deleted meanwhile.
`;
}

function describe({ poolName, nodeName, poolId, room, lastSeen }: PoolInstance, nowMs: number): string {
  const promised = room === undefined ? '' : `, ${formatQuantity(room.promisedBytes)} promised to volumes`;
  return `  ${poolName} ${describePlace(nodeName)} (${poolId}), last seen ${formatAge(nowMs - lastSeen.getTime())} ago${promised}\n`;
}
