import { quote } from '../base/quote.ts';
import { join } from 'node:path';
import { DriverError } from '../domain/errors.ts';
import { type ObjectId, parseObjectId } from '../domain/ids.ts';
import type { ContentSource } from '../domain/volume.ts';
import { fsyncDirectory } from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import type { LayoutKind, SourceContent } from './layouts/layout.ts';
import { RECORD_FILES } from './paths.ts';
import { readRecordFile, writeNewRecordFile } from './record-file.ts';
import { SnapshotRecord, VolumeRecord } from './records.ts';
import { commitRename, type StagedObject } from './staging.ts';
import type { StoreContext } from './store-context.ts';

/** Where a record's content is. Throws INTERNAL for an id that no record can have. */
export function locateContent(
  context: Pick<StoreContext, 'paths' | 'layouts'>,
  record: VolumeRecord | SnapshotRecord,
): string {
  const id = parseObjectId(record.id);
  if (id === undefined) throw new DriverError('INTERNAL', `A record has the impossible id "${record.id}".`);
  return join(context.paths.objectDirectory(id.kind, id.hash), layoutOf(context, record).contentName);
}

/** The layout that keeps a record's content. */
export function layoutOf(
  context: Pick<StoreContext, 'layouts'>,
  record: VolumeRecord | SnapshotRecord,
): LayoutKind {
  return context.layouts[record.kept.layout];
}

/** How large a volume is: what its record says, or its content where an expansion was cut short between the two. */
export async function measureCapacity(context: StoreContext, volume: VolumeRecord): Promise<number> {
  const content = { path: locateContent(context, volume), kept: volume.kept };
  const sizeBytes = await layoutOf(context, volume).findSizeBytes(content);
  return Math.max(volume.capacityBytes, sizeBytes ?? 0);
}

/** The family whose blocks a record's content may share: that of what it was made from, else its own. */
export function familyOf(record: VolumeRecord | SnapshotRecord): string {
  return record.family ?? record.id;
}

/** The family of what is made from this source now; undefined where a copy shares nothing with it. */
export function findSharedFamily(
  { abilities }: Pick<StoreContext, 'abilities'>,
  source: SourceContent | undefined,
): string | undefined {
  if (source === undefined) return undefined;
  const sharesBlocks =
    source.kept.layout === 'image' ? abilities.imageCopying === 'instant' : abilities.treeCopying !== 'plain';
  return sharesBlocks ? source.family : undefined;
}

/** The volume with this id. Throws VOLUME_NOT_FOUND, POOL_UNAVAILABLE. */
export async function getVolumeRecord(context: StoreContext, id: string): Promise<VolumeRecord> {
  await context.presence.check();
  const record = await context.volumes.findById(id);
  if (record !== undefined) return record;
  throw new DriverError(
    'VOLUME_NOT_FOUND',
    `There is no volume ${JSON.stringify(id.slice(0, 128))} in pool ${context.pool.name}.`,
  );
}

/** What a new volume is filled from. Throws VOLUME_NOT_FOUND or SNAPSHOT_NOT_FOUND. */
export async function getSource(context: StoreContext, source: ContentSource): Promise<SourceContent> {
  if (source.kind === 'volume') {
    const record = await getVolumeRecord(context, source.id);
    const { kept } = record;
    const capacityBytes = await measureCapacity(context, record);
    return {
      kind: 'volume',
      id: record.id,
      family: familyOf(record),
      kept,
      capacityBytes,
      path: locateContent(context, record),
    };
  }
  const record = await context.snapshots.findById(source.id);
  if (record === undefined) {
    throw new DriverError(
      'SNAPSHOT_NOT_FOUND',
      `There is no snapshot ${JSON.stringify(source.id.slice(0, 128))} in pool ${context.pool.name}.`,
    );
  }
  const { kept, sizeBytes } = record;
  return {
    kind: 'snapshot',
    id: record.id,
    family: familyOf(record),
    kept,
    capacityBytes: sizeBytes,
    path: locateContent(context, record),
  };
}

/**
 * Copies from a volume or snapshot. Where others remove them, too: throws as {@link getSource} when it is not in its place any more, whatever became of the copy. It leaves
 * its place before it is emptied, so that a copy is whole when its source is still there afterwards; else what was removed first may be missing from it.
 */
export async function copyFrom<T>(
  context: StoreContext,
  source: { readonly kind: 'volume' | 'snapshot'; readonly id: string },
  copy: () => Promise<T>,
): Promise<T> {
  try {
    const made = await copy();
    await checkStillThere(context, source);
    return made;
  } catch (error) {
    await checkStillThere(context, source);
    throw error;
  }
}

/** Throws as {@link getSource}, where others work on the pool. */
export async function checkStillThere(
  context: StoreContext,
  { kind, id }: { readonly kind: 'volume' | 'snapshot'; readonly id: string },
): Promise<void> {
  if (context.isShared) await getSource(context, { kind, id });
}

/** Where others build, too: throws OPERATION_PENDING while another node makes the same, so that a large copy is not made twice. The commit decides all the same. */
export async function checkNotMadeElsewhere(
  context: StoreContext,
  { kind, hash, name }: { readonly kind: ObjectId['kind']; readonly hash: string; readonly name: string },
): Promise<void> {
  if (!context.isShared || !(await context.staging.isMadeElsewhere(kind, hash))) return;
  throw new DriverError(
    'OPERATION_PENDING',
    `The ${kind} ${quote(name)} is being made by another node that works on pool ${context.pool.name}: ask again.`,
  );
}

/** A staged directory with its content, and the record that describes it. */
export interface Draft<R> {
  readonly kind: ObjectId['kind'];
  readonly hash: string;
  readonly staged: StagedObject;
  readonly record: R;
}

/**
 * Makes a draft exist: record on disk, one rename, both directories on disk. What was made before the record is in the journals of ext4 and xfs before
 * it; btrfs commits its whole transaction, a new subvolume and its limit included, when the subvolume's parent is synced. Returns the record of the object that has the name now, which is another
 * builder's if that one was first.
 */
export async function commitDraft<R extends VolumeRecord | SnapshotRecord>(
  context: StoreContext,
  draft: Draft<R>,
  readWinner: () => Promise<R | undefined>,
): Promise<R> {
  const { staged, kind, hash, record } = draft;
  await writeNewRecordFile(join(staged.directory, RECORD_FILES[kind]), record);
  await context.onStep('record-written');
  const target = context.paths.objectDirectory(kind, hash);
  // Until the record is put in memory: should anything from here on fail, the object may exist all the same.
  context[kind === 'volume' ? 'volumes' : 'snapshots'].doubt(hash);
  const outcome = await commitRename(context.files, staged, target, async () => (await readWinner())?.nonce);
  await context.onStep('renamed');
  if (outcome !== 'theirs') staged.markCommitted();
  const isOurs = outcome === 'ours' && (await syncObject(target));
  await fsyncDirectory(kind === 'volume' ? context.paths.volumes : context.paths.snapshots);
  await context.onStep('committed');
  if (isOurs) return record;
  const winner = await readWinner();
  if (winner !== undefined) return winner;
  throw new DriverError(
    'OPERATION_PENDING',
    `The ${kind} ${quote(record.name)} was made and removed by others meanwhile: ask again.`,
  );
}

/** False when others have removed it already. */
async function syncObject(directory: string): Promise<boolean> {
  try {
    await fsyncDirectory(directory);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Reads a volume's record from disk, past the memory. */
export async function readVolumeRecord(
  context: StoreContext,
  hash: string,
): Promise<VolumeRecord | undefined> {
  const path = join(context.paths.objectDirectory('volume', hash), RECORD_FILES.volume);
  return await readRecordFile({ path, schema: VolumeRecord, subject: `volume ${hash}` });
}

/** Reads a snapshot's record from disk, past the memory. */
export async function readSnapshotRecord(
  context: StoreContext,
  hash: string,
): Promise<SnapshotRecord | undefined> {
  const path = join(context.paths.objectDirectory('snapshot', hash), RECORD_FILES.snapshot);
  return await readRecordFile({ path, schema: SnapshotRecord, subject: `snapshot ${hash}` });
}
