import { open, stat, truncate } from 'node:fs/promises';
import type { KeyedLock } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Host } from '../../host/host.ts';
import type { JobHandle } from '../jobs.ts';
import type { SnapshotRecord } from '../records.ts';
import { getImageUse } from './image-use.ts';
import type { SourceContent } from './layout.ts';

/** One system call copies at most this much, so that a copy can be aborted and shows progress. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** A clone takes milliseconds; a file system that is frozen longer than this stalls its pod for no good reason. */
const MAX_FROZEN_MS = 10_000;

/** What duplicates images. */
export interface ImageCopier {
  readonly host: Host;
  /** Shared with the node half: whoever mounts or unmounts a volume holds `volume:<id>`. */
  readonly locks: KeyedLock;
  /** Whether the pool's file system clones (FICLONE). */
  readonly isInstant: boolean;
}

/**
 * Makes `target` (new) a copy of an image as it is at one moment, and says how good a moment it was. In use, that takes a clone: PRECONDITION_FAILED
 * where there is none, since a copy that takes time would be torn.
 */
export async function duplicateImage(
  copier: ImageCopier,
  source: SourceContent,
  target: string,
  job: JobHandle,
): Promise<SnapshotRecord['consistency']> {
  await createEmptyFile(target);
  const consistency =
    source.kind === 'snapshot'
      ? await duplicateUnused(copier, source, target, job)
      : await duplicateVolume(copier, source, target, job);
  await syncFile(target);
  return consistency;
}

async function duplicateVolume(
  copier: ImageCopier,
  source: SourceContent,
  target: string,
  job: JobHandle,
): Promise<SnapshotRecord['consistency']> {
  const { host, locks, isInstant } = copier;
  {
    using _lock = await locks.acquire(`volume:${source.id}`, job.signal);
    const use = await getImageUse(host, source.path, job.signal);
    if (isInstant) return await cloneInUse(copier, { source: source.path, target }, use, job.signal);
    if (use.loops.length > 0) throw cannotCopyInUse(source.id);
  }
  // Outside of the lock, since it takes long; the pin of the source keeps it from being put to use meanwhile.
  return await duplicateUnused(copier, source, target, job);
}

async function cloneInUse(
  copier: ImageCopier,
  files: { readonly source: string; readonly target: string },
  use: Awaited<ReturnType<typeof getImageUse>>,
  signal: AbortSignal,
): Promise<SnapshotRecord['consistency']> {
  const { host } = copier;
  if (use.mountPoint !== undefined) {
    const freeze = { path: use.mountPoint, maxFrozenMs: MAX_FROZEN_MS };
    await host.freezer.whileFrozen(freeze, () => host.syscalls.cloneFile(files, signal), signal);
    return 'frozen';
  }
  for (const loop of use.loops) await host.syscalls.flushDevice({ device: loop.device }, signal);
  await host.syscalls.cloneFile(files, signal);
  return use.loops.length > 0 ? 'crash' : 'unmounted';
}

async function duplicateUnused(
  copier: ImageCopier,
  source: SourceContent,
  target: string,
  job: JobHandle,
): Promise<SnapshotRecord['consistency']> {
  if (copier.isInstant) {
    await copier.host.syscalls.cloneFile({ source: source.path, target }, job.signal);
    return 'unmounted';
  }
  const before = await stat(source.path, { bigint: true });
  await copyWithHoles(copier.host, { source: source.path, target, sizeBytes: Number(before.size) }, job);
  const after = await stat(source.path, { bigint: true });
  if (before.mtimeNs !== after.mtimeNs || before.size !== after.size) {
    throw new DriverError(
      'OPERATION_PENDING',
      `The ${source.kind} ${source.id} changed while it was copied: ask again.`,
    );
  }
  return 'unmounted';
}

async function copyWithHoles(
  host: Host,
  file: { readonly source: string; readonly target: string; readonly sizeBytes: number },
  job: JobHandle,
): Promise<void> {
  await truncate(file.target, file.sizeBytes);
  let offset = 0;
  while (offset < file.sizeBytes) {
    const data = await host.syscalls.findData({ path: file.source, offset }, job.signal);
    if (data === undefined) return;
    const end = Math.min(data.offset + data.length, file.sizeBytes);
    offset = await copyData(host, file, { offset: data.offset, end }, job);
  }
}

async function copyData(
  host: Host,
  file: { readonly source: string; readonly target: string; readonly sizeBytes: number },
  data: { readonly offset: number; readonly end: number },
  job: JobHandle,
): Promise<number> {
  let { offset } = data;
  while (offset < data.end) {
    job.signal.throwIfAborted();
    const length = Math.min(CHUNK_BYTES, data.end - offset);
    const { source, target } = file;
    const { copiedBytes } = await host.syscalls.copyRange({ source, target, offset, length }, job.signal);
    if (copiedBytes === 0)
      throw new DriverError(
        'OPERATION_PENDING',
        `The image ${source} shrank while it was copied: ask again.`,
      );
    offset += copiedBytes;
    job.report(offset, file.sizeBytes);
  }
  return data.end;
}

async function createEmptyFile(path: string): Promise<void> {
  await using _file = await open(path, 'wx', 0o600);
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

function cannotCopyInUse(volumeId: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The volume ${volumeId} is in use, and its pool's file system cannot clone files, so a copy would be torn. Stop the pods that use the volume, or keep such volumes in a pool with backing: file.`,
  );
}
