import { formatQuantity } from '../config/quantity.ts';
import { toStateWord } from '../pools/pool-resource.ts';
import type { PoolInstance } from '../pools/registry.ts';

const HEADER = ['POOL', 'NODE', 'ID', 'STATE', 'SIZE', 'FREE', 'AVAILABLE', 'LAST SEEN'];

/** All pools for people, sorted by node and name: a line for each, what was given up included. Whose they are is said where there are several drivers. */
export function renderPoolsTable(instances: readonly PoolInstance[], nowMs: number): string {
  if (instances.length === 0) return 'No pool is registered.\n';
  const hasSeveralDrivers = new Set(instances.map(({ driver }) => driver)).size > 1;
  const withDriver = (driver: string, cells: readonly string[]): readonly string[] =>
    hasSeveralDrivers ? [driver, ...cells] : cells;
  const rows = sortPools(instances).map((instance) => {
    const { driver, poolName, nodeName, poolId, room, lastSeen } = instance;
    const sizes = [room?.totalBytes, room?.freeBytes, room?.availableBytes];
    return withDriver(driver, [
      poolName,
      nodeName,
      poolId,
      toStateWord(instance),
      ...sizes.map((bytes) => (bytes === undefined ? '-' : formatQuantity(bytes))),
      formatAge(nowMs - lastSeen.getTime()),
    ]);
  });
  return renderColumns([withDriver('DRIVER', HEADER), ...rows]);
}

/** All pools for programs: a JSON array, sorted likewise, with times as ISO 8601 and sizes in bytes. */
export function renderPoolsJson(instances: readonly PoolInstance[]): string {
  const entries = sortPools(instances).map((instance) => ({ ...instance, state: toStateWord(instance) }));
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}

/** How long ago, in the largest unit that fits twice: `90s`, `12m`, `3h`, `5d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function sortPools(instances: readonly PoolInstance[]): readonly PoolInstance[] {
  const toKey = ({ nodeName, poolName, poolId }: PoolInstance): string =>
    [nodeName, poolName, poolId].join('\0');
  return instances.toSorted((a, b) => (toKey(a) < toKey(b) ? -1 : 1));
}

function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
