import type { HostpathPool } from './config.ts';
import { mayMeet } from './pool-nodes.ts';

/** Two pools of the configuration that are in each other's way. */
export interface PoolConflict {
  /** Of the later one: its index, and the key that has to change. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Pools that a node has at once with the same name, the same path or one in another, or on the same file or disk. Whatever two pools share
 * would be lost twice. Pools of different nodes are in nobody's way; a node looks again at those that are its own.
 */
export function findPoolConflicts(pools: readonly HostpathPool[]): readonly PoolConflict[] {
  return pools.flatMap((pool, index) =>
    pools
      .slice(0, index)
      .filter((earlier) => mayMeet(pool, earlier))
      .flatMap((earlier) => compare(pool, earlier, index)),
  );
}

function compare(pool: HostpathPool, earlier: HostpathPool, index: number): readonly PoolConflict[] {
  const conflicts: PoolConflict[] = [];
  if (pool.name === earlier.name) {
    conflicts.push({ path: [index, 'name'], message: `another pool is named ${pool.name}, too` });
  }
  const [path, other] = [trim(pool.path), trim(earlier.path)];
  if (path === other) {
    conflicts.push({ path: [index, 'path'], message: `pool ${earlier.name} has the same path` });
  } else if (`${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`)) {
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

/** The file or disk that a pool is on. */
function findGround({ backing }: HostpathPool): { readonly key: string; readonly place: string } | undefined {
  if (backing.type === 'file') return { key: 'path', place: trim(backing.path) };
  if (backing.type === 'device') return { key: 'device', place: backing.device };
  return undefined;
}

function trim(path: string): string {
  return path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
}
