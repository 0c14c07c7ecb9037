import type { Mounts } from '../../../host/host.ts';
import type { NfsConfig } from '../config.ts';
import { isDataPlace } from '../worker/mount-places.ts';

/** Lists where the data of a pool is mounted on this node, as mountinfo has it: what can be asked whether the server answers. */
export function createDataPlaceList(
  mounts: Pick<Mounts, 'list'>,
  { mountDirectory, pools }: Pick<NfsConfig, 'mountDirectory' | 'pools'>,
): (poolName: string) => Promise<readonly string[]> {
  const never = new AbortController().signal;
  return async (poolName) => {
    const pool = pools.find(({ name }) => name === poolName);
    if (pool?.type === 'shared') return [pool.path];
    const table = await mounts.list(never);
    return table
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => isDataPlace(mountDirectory, poolName, mountPoint));
  };
}
