import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
