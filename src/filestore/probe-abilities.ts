import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../host/errno.ts';
import type { Host } from '../host/host.ts';
import type { QuotaKind } from '../host/quotas/quota.ts';
import type { StoreAbilities } from './file-store.ts';
import type { StorePaths } from './paths.ts';
import { toStagingName } from './staging-names.ts';

const PROBE_BYTES = 4096;

/** What the trials need. */
interface AbilityDeps {
  readonly host: Host;
  readonly quota: QuotaKind;
  readonly paths: StorePaths;
  readonly nodeName: string;
}

/** Finds out what the pool's file system can do, by doing it. */
export async function probeAbilities(deps: AbilityDeps, signal: AbortSignal): Promise<StoreAbilities> {
  const { host, quota, paths } = deps;
  const { fsType } = await host.mounts.getHolding(paths.root, signal);
  return {
    quota: quota.name,
    quotaIsHard: quota.isHard,
    treeCopying: quota.copying,
    imageCopying: (await canClone(deps, signal)) ? 'instant' : 'copy',
    fsType,
  };
}

async function canClone({ host, paths, nodeName }: AbilityDeps, signal: AbortSignal): Promise<boolean> {
  // In staging/, so that what a kill leaves is swept.
  const trial = join(paths.staging, toStagingName('volume', nodeName));
  await mkdir(trial, { mode: 0o700 });
  const [source, target] = [join(trial, 'source'), join(trial, 'target')];
  try {
    await writeProbe(source, Buffer.alloc(PROBE_BYTES, 1));
    await writeProbe(target, Buffer.alloc(0));
    await host.syscalls.cloneFile({ source, target }, signal);
    return true;
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOTTY', 'EINVAL', 'ENOSYS')) return false;
    throw error;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function writeProbe(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(bytes);
}
