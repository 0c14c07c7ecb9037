import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import type { VolumeHealthStatus } from '../../domain/health.ts';
import type { Host } from '../../host/host.ts';
import type { QuotaKind, QuotaName, TreeAdoption, TreeHandle } from '../../host/quotas/quota.ts';
import { toArchivePieces } from '../content/archive-pieces.ts';
import type { ContentPiece } from '../content/content.ts';
import type { VolumeOwner } from '../file-store.ts';
import { CONTENT_NAMES } from '../paths.ts';
import type { Kept, SnapshotRecord } from '../records.ts';
import type { Content, ContentAdoption, ContentUsage, LayoutKind, SizedContent } from './layout.ts';

/** A quota is called reached when less than this is left. */
const REACHED_MARGIN_BYTES = 64 * 1024;

/** Volumes as trees, limited by the pool's quota where it has one. Their roots have mode 0750 unless another is asked: every QuotaKind sees to that. */
export function createDirectoryLayout(deps: {
  readonly host: Host;
  readonly quota: QuotaKind;
  /** Whether other machines reach the trees: what they have mounted this one cannot see. Default: false. */
  readonly mayBeUsedElsewhere?: boolean;
}): LayoutKind {
  const { host, quota, mayBeUsedElsewhere = false } = deps;

  async function findUse(content: Content, signal: AbortSignal): Promise<string | undefined> {
    const [mount] = await host.mounts.listOf(content.path, signal);
    if (mount !== undefined) return `it is mounted at ${mount.mountPoint}`;
    const [inside] = await host.mounts.listBelow(content.path, signal);
    return inside === undefined ? undefined : `${inside.fsType} is mounted in it at ${inside.mountPoint}`;
  }

  async function measure(content: Content, signal: AbortSignal): Promise<ContentUsage> {
    const handle = toTreeHandle(content.kept);
    if (handle.quota === 'none') return await host.trees.measure(content.path, signal);
    return await quota.getUsage({ path: content.path, handle }, signal);
  }

  /** A copy that a program made is in memory only; a snapshot of a subvolume is on disk once it is made. */
  async function copyTree(tree: CopiedTree, signal: AbortSignal): Promise<TreeHandle> {
    const handle = await quota.copyTree(tree, signal);
    if (quota.copying !== 'instant') await host.syscalls.syncFileSystem({ path: tree.path }, signal);
    return handle;
  }

  return {
    layout: 'directory',
    contentName: CONTENT_NAMES.directory,
    findUse,
    findSizeBytes: () => Promise.resolve(undefined),
    measure,

    async createEmpty({ directory, plan }, signal) {
      const path = join(directory, CONTENT_NAMES.directory);
      const limitBytes = plan.isLimited ? plan.capacityBytes : undefined;
      const handle = await quota.createTree({ path, limitBytes }, signal);
      await applyOwner(path, plan.owner);
      return toKept(handle, plan.isLimited);
    },

    async copy({ directory, plan }, source, job) {
      const path = join(directory, CONTENT_NAMES.directory);
      const limitBytes = plan.isLimited ? plan.capacityBytes : undefined;
      const handle = await copyTree({ path, limitBytes, source: source.path }, job.signal);
      await applyOwner(path, plan.owner);
      return toKept(handle, plan.isLimited);
    },

    async cut(directory, source, job) {
      const path = join(directory, CONTENT_NAMES.directory);
      const mayBeUsed = mayBeUsedElsewhere || (await findUse(source, job.signal)) !== undefined;
      const handle = await copyTree(
        { path, limitBytes: undefined, readOnly: true, source: source.path },
        job.signal,
      );
      const kept = toKept(handle, false);
      const { usedBytes } = await measure({ path, kept }, job.signal);
      return { kept, heldBytes: usedBytes, consistency: consistencyOf(quota.copying, mayBeUsed) };
    },

    readPieces: (content, _from, signal) => toArchivePieces(host.trees.pack(content.path, signal)),

    async receive({ directory, plan }, { pieces, usedBytes }, signal) {
      const path = join(directory, CONTENT_NAMES.directory);
      const limitBytes = plan.isLimited ? plan.capacityBytes : undefined;
      assertRoom(usedBytes, limitBytes);
      const handle = await quota.createTree({ path, limitBytes }, signal);
      await host.trees.unpack({ archive: toBytes(pieces), target: path }, signal);
      await applyOwner(path, plan.owner);
      await host.syscalls.syncFileSystem({ path }, signal);
      return toKept(handle, plan.isLimited);
    },

    async grow(content, capacityBytes, signal) {
      if (content.kept.layout !== 'directory' || isUnlimited(content.kept)) return;
      const handle = toTreeHandle(content.kept);
      if (handle.quota !== quota.name) {
        throw new DriverError('PRECONDITION_FAILED', describeLostQuota(handle.quota, quota.name));
      }
      await quota.setLimit({ path: content.path, handle, limitBytes: capacityBytes }, signal);
    },

    async findTroubles(content, signal) {
      if (content.kept.layout !== 'directory' || isUnlimited(content.kept)) return [];
      const handle = toTreeHandle(content.kept);
      if (handle.quota !== quota.name) return [limitTrouble(describeLostQuota(handle.quota, quota.name))];
      const limits = await quota.verify(
        { path: content.path, handle, limitBytes: content.capacityBytes },
        signal,
      );
      return [...limits.map(limitTrouble), ...reachedTrouble(content, await measure(content, signal))];
    },

    ...(quota.adoption === undefined ? {} : { adoption: createAdoption(quota.adoption) }),
  };
}

/** Its root keeps its owner and its bits. */
function createAdoption(trees: TreeAdoption): ContentAdoption {
  return {
    async take({ directory, plan }, signal) {
      const path = join(directory, CONTENT_NAMES.directory);
      const limitBytes = plan.isLimited ? plan.capacityBytes : undefined;
      return toKept(await trees.adoptTree({ path, limitBytes }, signal), plan.isLimited);
    },
    async letGo({ directory, parent }, signal) {
      await trees.releaseTree({ path: join(directory, CONTENT_NAMES.directory), parent }, signal);
    },
  };
}

function assertRoom(usedBytes: number, limitBytes: number | undefined): void {
  if (limitBytes === undefined || usedBytes <= limitBytes) return;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The source holds ${usedBytes} bytes, more than the ${limitBytes} that its copy may hold. Ask for a larger volume.`,
  );
}

async function* toBytes(pieces: AsyncIterable<ContentPiece>): AsyncGenerator<Buffer, void, undefined> {
  for await (const { data } of pieces) yield data;
}

type CopiedTree = Parameters<QuotaKind['copyTree']>[0];

/** What the quota needs to find a recorded tree again. Throws when the record is that of an image. */
export function toTreeHandle(kept: Kept): TreeHandle {
  if (kept.layout !== 'directory') throw new DriverError('INTERNAL', 'An image was taken for a directory.');
  return { quota: kept.quota, projectId: kept.projectId };
}

function isUnlimited(kept: Extract<Kept, { layout: 'directory' }>): boolean {
  return kept.quota === 'none' || kept.unlimited === true;
}

function toKept(handle: TreeHandle, isLimited: boolean): Kept {
  return {
    layout: 'directory',
    quota: handle.quota,
    ...(handle.projectId === undefined ? {} : { projectId: handle.projectId }),
    ...(isLimited ? {} : { unlimited: true }),
  };
}

async function applyOwner(path: string, owner: VolumeOwner): Promise<void> {
  // -1 leaves an id as it is; a copy keeps those of its source unless others are asked.
  if (owner.uid !== undefined || owner.gid !== undefined) await chown(path, owner.uid ?? -1, owner.gid ?? -1);
  if (owner.mode !== undefined) await chmod(path, owner.mode);
}

function consistencyOf(copying: QuotaKind['copying'], mayBeUsed: boolean): SnapshotRecord['consistency'] {
  if (!mayBeUsed) return 'unmounted';
  return copying === 'instant' ? 'crash' : 'per-file';
}

function describeLostQuota(made: QuotaName, now: QuotaName): string {
  return `The volume was made under a ${made} quota, but its pool has now ${now === 'none' ? 'no quota' : `a ${now} quota`}, so its limit does not hold and cannot be changed: mount the pool as before (xfs: prjquota) and restart the driver.`;
}

function limitTrouble(message: string): VolumeHealthStatus {
  return { status: 'DEGRADED', reason: 'LimitNotHeld', message };
}

function reachedTrouble(content: SizedContent, usage: ContentUsage): readonly VolumeHealthStatus[] {
  if (usage.usedBytes < content.capacityBytes - REACHED_MARGIN_BYTES) return [];
  const message = `The volume is full: ${usage.usedBytes} of ${content.capacityBytes} bytes are used. Remove files or expand it.`;
  return [{ status: 'DEGRADED', reason: 'QuotaReached', message }];
}
