import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { parseObjectId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import type { VolumeRecord } from './records.ts';
import type { StoreContext } from './store-context.ts';

/** Kubernetes: namespaces are DNS labels, claims DNS subdomains. Neither can leave its directory. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const CLAIM = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Makes `by-claim/<namespace>/<claim>` lead to the volume. For people: a failure is logged, nothing more. */
export async function linkClaim(context: StoreContext, volume: VolumeRecord, hash: string): Promise<void> {
  const link = findLink(context, volume);
  if (link === undefined) return;
  try {
    await mkdir(link.directory, { recursive: true, mode: 0o700 });
    await rm(link.path, { force: true });
    await symlink(toTarget(context, link, hash), link.path);
  } catch (error) {
    context.logger.debug('The link of a claim cannot be made', { volumeId: volume.id, err: error });
  }
}

/** {@link linkClaim} for a volume that has been there already: its link may be missing, or have gone to a later volume of the same claim, which keeps it. */
export async function ensureClaim(context: StoreContext, volume: VolumeRecord, hash: string): Promise<void> {
  const link = findLink(context, volume);
  if (link === undefined || (await isThere(link.path))) return;
  await linkClaim(context, volume, hash);
  // It may have been deleted while its link was made.
  if ((await context.volumes.findById(volume.id)) === undefined) await unlinkClaim(context, volume, hash);
}

/** Removes the link if it leads to this volume. */
export async function unlinkClaim(context: StoreContext, volume: VolumeRecord, hash: string): Promise<void> {
  const link = findLink(context, volume);
  if (link === undefined) return;
  try {
    if ((await readlink(link.path)) === toTarget(context, link, hash)) await rm(link.path, { force: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    context.logger.debug('The link of a claim cannot be removed', { volumeId: volume.id, err: error });
  }
}

/**
 * Makes the links agree with the volumes after a power cut, which may have brought one back or taken one along: links are not synced. Waits until
 * the records are read. A failure is logged, nothing more.
 */
export async function reconcileClaims(context: StoreContext, signal: AbortSignal): Promise<void> {
  try {
    const volumes = await context.volumes.list(signal);
    await removeDangling(context, signal);
    for (const volume of volumes) {
      signal.throwIfAborted();
      const hash = parseObjectId(volume.id)?.hash;
      if (hash !== undefined) await ensureClaim(context, volume, hash);
    }
  } catch (error) {
    if (signal.aborted) return;
    context.logger.warn('The links of claims cannot be put in order', {
      pool: context.pool.name,
      err: error,
    });
  }
}

async function removeDangling(context: StoreContext, signal: AbortSignal): Promise<void> {
  const { byClaim } = context.paths;
  const entries = await readdir(byClaim, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    signal.throwIfAborted();
    if (!entry.isSymbolicLink()) continue;
    const link = { directory: entry.parentPath, path: join(entry.parentPath, entry.name) };
    const target = await readlink(link.path);
    const hash = basename(target);
    const isOurs = target === toTarget(context, link, hash);
    if (isOurs && (await context.volumes.find(hash)) === undefined) await rm(link.path, { force: true });
  }
}

/** What cannot be looked at is left alone. */
async function isThere(path: string): Promise<boolean> {
  try {
    await readlink(path);
    return true;
  } catch (error) {
    return !isErrno(error, 'ENOENT');
  }
}

interface ClaimLink {
  readonly directory: string;
  readonly path: string;
}

function findLink(context: StoreContext, volume: VolumeRecord): ClaimLink | undefined {
  const { claim } = volume;
  if (claim === undefined || !NAMESPACE.test(claim.namespace) || !CLAIM.test(claim.name)) return undefined;
  const directory = join(context.paths.byClaim, claim.namespace);
  return { directory, path: join(directory, claim.name) };
}

/** Relative, so that it holds wherever the pool is mounted. */
function toTarget(context: StoreContext, link: ClaimLink, hash: string): string {
  return relative(link.directory, context.paths.objectDirectory('volume', hash));
}
