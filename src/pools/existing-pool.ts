import { stat } from 'node:fs/promises';
import { isErrno } from '../base/errno.ts';
import { createStorePaths } from '../filestore/paths.ts';
import { ensurePoolMounted, type PoolMounting } from '../filestore/pool/mount-pool.ts';
import type { PoolPlace } from '../filestore/pool/pool-backing.ts';
import { findPoolRecord } from '../filestore/pool/pool-record-file.ts';
import { detectContent } from '../host/filesystems/detect.ts';

/**
 * Whether there is a pool at a place already; what it lies on is mounted then. Nothing is made, and nothing formatted. Throws
 * POOL_UNAVAILABLE when that cannot be found out.
 */
export async function hasPool(deps: PoolMounting, place: PoolPlace, signal: AbortSignal): Promise<boolean> {
  if (!(await isMountable(deps, place, signal))) return false;
  await ensurePoolMounted(deps, { place, isKnown: true }, signal);
  const { name, path } = place;
  return (await findPoolRecord({ name, paths: createStorePaths(path) })) !== undefined;
}

/** Of what is not xfs, no pool can come. */
async function isMountable(
  { host }: PoolMounting,
  { backing }: PoolPlace,
  signal: AbortSignal,
): Promise<boolean> {
  if (backing.type === 'none') return true;
  const device = backing.type === 'file' ? backing.path : backing.device;
  const found = await stat(device).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  });
  // A device that is missing is to be attached, which is said when it is opened.
  if (found === undefined) return backing.type === 'device';
  const { sizeBytes } = found.isBlockDevice()
    ? await host.syscalls.getDeviceSize({ device }, signal)
    : { sizeBytes: found.size };
  const content = await detectContent({ device, sizeBytes });
  if (content.kind !== 'filesystem') return false;
  return content.superblock.type === 'xfs' && content.superblock.isComplete;
}
