import { type FileHandle, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import type { VolumeHealthStatus } from '../../domain/health.ts';
import { findExt4Errors } from '../../host/disk-facts.ts';
import { isErrno } from '../../host/errno.ts';
import type { Host } from '../../host/host.ts';
import type { ContentPiece } from '../content/content.ts';
import { readImagePieces } from '../content/image-pieces.ts';
import type { VolumeOwner } from '../file-store.ts';
import { CONTENT_NAMES } from '../paths.ts';
import type { Kept } from '../records.ts';
import { duplicateImage, type ImageCopier } from './duplicate-image.ts';
import { getImageUse } from './image-use.ts';
import type { Content, ContentPlan, LayoutKind, SizedContent, SourceContent } from './layout.ts';

/** Allocating is done in steps, so that it can be aborted. */
const ALLOCATION_STEP_BYTES = 1024 ** 3;

/** Volumes as files behind loop devices. */
export function createImageLayout(
  deps: ImageCopier & {
    readonly sectorSizeBytes: number;
    /** Whether other programs may make a volume larger at the same time: its file is then never made smaller, not even by mistake. Default: false. */
    readonly isShared?: boolean;
  },
): LayoutKind {
  const { host, isShared = false } = deps;
  return {
    layout: 'image',
    contentName: CONTENT_NAMES.image,

    async createEmpty({ directory, plan }, signal) {
      const path = join(directory, CONTENT_NAMES.image);
      await createSparseFile(path, plan.capacityBytes);
      if (plan.preallocate) await allocateRange(host, path, { from: 0, to: plan.capacityBytes }, signal);
      return toKept(plan, { sectorSizeBytes: deps.sectorSizeBytes, identityPending: false });
    },

    async copy({ directory, plan }, source, job) {
      const from = getImageKept(source);
      const path = join(directory, CONTENT_NAMES.image);
      await duplicateImage(deps, source, path, job);
      checkNotLarger(source, (await stat(path)).size, plan.capacityBytes);
      await extendFile(path, plan.capacityBytes);
      // A clone has holes where its source was allocated but never written.
      if (plan.preallocate) await allocateRange(host, path, { from: 0, to: plan.capacityBytes }, job.signal);
      return toCopiedKept(plan, from.sectorSizeBytes);
    },

    async cut(directory, source, job) {
      const from = getImageKept(source);
      const path = join(directory, CONTENT_NAMES.image);
      const consistency = await duplicateImage(deps, source, path, job);
      const { usedBytes } = await measureFile(path);
      const { size: sizeBytes } = await stat(path);
      return { kept: { ...from, preallocated: false }, heldBytes: usedBytes, sizeBytes, consistency };
    },

    readPieces: (content, from, signal) => readImagePieces(host, { path: content.path, from }, signal),

    async receive({ directory, plan }, incoming, signal) {
      const from = getImageKept(incoming);
      const path = join(directory, CONTENT_NAMES.image);
      await createSparseFile(path, plan.capacityBytes);
      if (plan.preallocate) await allocateRange(host, path, { from: 0, to: plan.capacityBytes }, signal);
      await writePieces(path, incoming.pieces, signal);
      return toCopiedKept(plan, from.sectorSizeBytes);
    },

    async grow(content, capacityBytes, signal) {
      const { path } = content;
      const { preallocated } = getImageKept(content);
      if (preallocated) await allocateBeyondEnd(host, path, { capacityBytes, isShared }, signal);
      if (isShared && (await extendByAllocating(host, path, capacityBytes, signal))) return;
      await extendFile(path, capacityBytes);
    },

    findSizeBytes: async (content) => (await stat(content.path)).size,

    measure: (content) => measureFile(content.path),

    async findUse(content, signal) {
      const use = await getImageUse(host, content.path, signal);
      if (use.mountPoint !== undefined) return `it is mounted at ${use.mountPoint}`;
      const [loop] = use.loops;
      return loop === undefined ? undefined : `loop device ${loop.device} is attached to it`;
    },

    async findTroubles(content, signal) {
      const { size } = await stat(content.path);
      return [...findSizeTroubles(content, size), ...(await findErrorTroubles(host, content, signal))];
    },
  };
}

function getImageKept(content: Pick<Content, 'kept'>): Extract<Kept, { layout: 'image' }> {
  if (content.kept.layout !== 'image')
    throw new DriverError('INTERNAL', 'A directory was taken for an image.');
  return content.kept;
}

function isOwnerAsked({ uid, gid, mode }: VolumeOwner): boolean {
  return uid !== undefined || gid !== undefined || mode !== undefined;
}

function toKept(
  plan: ContentPlan,
  facts: { readonly sectorSizeBytes: number; readonly identityPending: boolean },
): Extract<Kept, { layout: 'image' }> {
  return {
    layout: 'image',
    accessType: plan.accessType,
    ...(plan.fsType === undefined ? {} : { fsType: plan.fsType }),
    sectorSizeBytes: facts.sectorSizeBytes,
    preallocated: plan.preallocate,
    identityPending: facts.identityPending,
  };
}

/** Two file systems of one identity must not be mounted at once, and the root in it is still the source's. */
function toCopiedKept(plan: ContentPlan, sectorSizeBytes: number): Extract<Kept, { layout: 'image' }> {
  const identityPending = plan.accessType === 'mount';
  const kept = toKept(plan, { sectorSizeBytes, identityPending });
  return identityPending && isOwnerAsked(plan.owner) ? { ...kept, ownerPending: true } : kept;
}

async function writePieces(
  path: string,
  pieces: AsyncIterable<ContentPiece>,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path, 'r+');
  for await (const { position, data } of pieces) {
    signal.throwIfAborted();
    await writeFully(file, data, position);
  }
  await file.sync();
}

async function writeFully(file: FileHandle, data: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < data.length) {
    written += (await file.write(data, written, data.length - written, position + written)).bytesWritten;
  }
}

/** A device that is larger than its record says would be refused when it is staged. */
function checkNotLarger(source: SourceContent, copiedBytes: number, capacityBytes: number): void {
  if (copiedBytes <= capacityBytes) return;
  throw new DriverError(
    'OPERATION_PENDING',
    `The ${source.kind} ${source.id} was expanded to ${copiedBytes} bytes while it was copied: ask again.`,
  );
}

async function createSparseFile(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(sizeBytes);
  await file.sync();
}

async function extendFile(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'r+');
  if ((await file.stat()).size < sizeBytes) await file.truncate(sizeBytes);
  await file.sync();
}

/** False where the file system cannot allocate. Unlike truncating, this cannot make a file smaller that has become larger since it was looked at. */
async function extendByAllocating(
  host: Host,
  path: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await stat(path)).size >= sizeBytes) return true;
  try {
    await host.syscalls.allocate({ path, offset: sizeBytes - 1, length: 1 }, signal);
  } catch (error) {
    if (isErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS')) return false;
    throw error;
  }
  await using file = await open(path, 'r+');
  await file.sync();
  return true;
}

/**
 * The blocks come before the size: a device that is attached meanwhile must never see an end that is taken back, and a call that was killed
 * is repeated from where the file ends. What was allocated when there is no room for all of it is given back.
 */
async function allocateBeyondEnd(
  host: Host,
  path: string,
  { capacityBytes, isShared }: { readonly capacityBytes: number; readonly isShared: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  try {
    await allocateRange(host, path, { from: size, to: capacityBytes, keepSize: true }, signal);
  } catch (error) {
    if (!isShared) await truncate(path, size);
    throw error;
  }
}

async function allocateRange(
  host: Host,
  path: string,
  range: { readonly from: number; readonly to: number; readonly keepSize?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { keepSize = false } = range;
  for (let offset = range.from; offset < range.to; offset += ALLOCATION_STEP_BYTES) {
    const length = Math.min(ALLOCATION_STEP_BYTES, range.to - offset);
    await host.syscalls.allocate({ path, offset, length, keepSize }, signal);
  }
  await using file = await open(path, 'r+');
  await file.sync();
}

async function measureFile(path: string): Promise<{ usedBytes: number; usedInodes: undefined }> {
  return { usedBytes: (await stat(path)).blocks * 512, usedInodes: undefined };
}

async function findErrorTroubles(
  host: Host,
  content: Content,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[]> {
  const troubles: VolumeHealthStatus[] = [];
  for (const { device } of await host.loops.listOf(content.path, signal)) {
    const errors = await findExt4Errors(device);
    if (errors === undefined || errors === 0) continue;
    const message = `The ext4 file system of the volume (on ${device}) has met ${errors} errors: stop its pods and stage it again, which checks it.`;
    troubles.push({ status: 'DEGRADED', reason: 'FilesystemErrors', message });
  }
  return troubles;
}

function findSizeTroubles(content: SizedContent, sizeBytes: number): readonly VolumeHealthStatus[] {
  if (sizeBytes >= content.capacityBytes) return [];
  const message = `The image has ${sizeBytes} bytes instead of ${content.capacityBytes}: its end is missing. Restore the volume from a snapshot or backup.`;
  return [{ status: 'DATA_LOSS', reason: 'ImageTruncated', message }];
}
