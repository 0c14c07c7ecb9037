import type { HostpathPool } from './config.ts';
import { mayMeet } from './pool-nodes.ts';

/** Two pools of the configuration that are in each other's way, or one that is in its own. */
export interface PoolConflict {
  /** Of one of them, mostly the later: its index, and the key that has to change. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Pools that a node has at once with the same name, the same path or one in another, on the same file or disk, or on a file in a pool. Whatever two pools
 * share would be lost twice. Pools of different nodes are in nobody's way; a node looks again at those that are its own.
 */
export function findPoolConflicts(pools: readonly HostpathPool[]): readonly PoolConflict[] {
  return pools.flatMap((pool, index) => {
    const neighbours = pools.filter((other) => mayMeet(pool, other));
    return [
      ...neighbours
        .filter((other) => pools.indexOf(other) < index)
        .flatMap((earlier) => compare(pool, earlier, index)),
      ...neighbours.flatMap((other) => findFileInPool(pool, other, index)),
      ...findStrayMountPoint(pool, index),
    ];
  });
}

function compare(pool: HostpathPool, earlier: HostpathPool, index: number): readonly PoolConflict[] {
  const conflicts: PoolConflict[] = [];
  if (pool.name === earlier.name) {
    conflicts.push({ path: [index, 'name'], message: `another pool is named ${pool.name}, too` });
  }
  const [path, other] = [trim(pool.path), trim(earlier.path)];
  if (path === other) {
    conflicts.push({ path: [index, 'path'], message: `pool ${earlier.name} has the same path` });
  } else if (isIn(path, other) || isIn(other, path)) {
    const message = `it and the path of pool ${earlier.name} (${earlier.path}) lie in one another`;
    conflicts.push({ path: [index, 'path'], message });
  }
  const ground = findGround(pool);
  if (ground !== undefined && ground.place === findGround(earlier)?.place) {
    const message = `pool ${earlier.name} is on the same ${pool.backing.type}`;
    conflicts.push({ path: [index, 'backing', ground.key], message });
  }
  return conflicts;
}

/** What is mounted at the path of a pool hides what lies below. */
function findFileInPool(pool: HostpathPool, other: HostpathPool, index: number): readonly PoolConflict[] {
  if (pool.backing.type !== 'file' || !isIn(trim(pool.backing.path), trim(other.path))) return [];
  const message =
    other === pool
      ? 'it lies in the path of the pool itself, which is mounted over it'
      : `it lies in the path of pool ${other.name} (${other.path})`;
  return [{ path: [index, 'backing', 'path'], message }];
}

/** The root is mounted always, and what is mounted beside a pool says nothing of it. */
function findStrayMountPoint({ path, backing }: HostpathPool, index: number): readonly PoolConflict[] {
  if (backing.type !== 'none' || backing.mountPoint === undefined) return [];
  const mountPoint = trim(backing.mountPoint);
  if (mountPoint !== '' && isIn(trim(path), mountPoint)) return [];
  const message =
    mountPoint === ''
      ? 'the root is always mounted: name where the disk of the pool is'
      : `the path of the pool (${path}) does not lie in it`;
  return [{ path: [index, 'backing', 'mountPoint'], message }];
}

/** The file or disk that a pool is on. */
function findGround({ backing }: HostpathPool): { readonly key: string; readonly place: string } | undefined {
  if (backing.type === 'file') return { key: 'path', place: trim(backing.path) };
  if (backing.type === 'device') return { key: 'device', place: backing.device };
  return undefined;
}

function isIn(path: string, directory: string): boolean {
  return `${path}/`.startsWith(`${directory}/`);
}

function trim(path: string): string {
  return path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
}
