import { join } from 'node:path';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import { writeFileDurable } from '../base/durable-files.ts';
import type { ExpandVolumeRequest } from './file-store.ts';
import { getVolumeRecord, layoutOf, locateContent, measureCapacity } from './objects.ts';
import { RECORD_FILES } from './paths.ts';
import { formatRecord } from './record-file.ts';
import type { Kept, VolumeRecord } from './records.ts';
import { chooseExpandedCapacity } from './sizes.ts';
import type { StoreContext } from './store-context.ts';

/**
 * See FileStore.expandVolume. The content grows before the record says so: an interrupted expansion is repeated, and what it gave a file is
 * never taken back, since a device may show it.
 */
export async function expandVolume(
  context: StoreContext,
  request: ExpandVolumeRequest,
  signal: AbortSignal,
): Promise<VolumeRecord> {
  using _lock = await context.locks.acquire(`record:${request.id}`, signal);
  const volume = await getVolumeRecord(context, request.id);
  using _pin = context.pins.hold(volume.id);
  const currentBytes = await measureCapacity(context, volume);
  const capacityBytes = chooseExpandedCapacity(request.range, currentBytes, `volume ${volume.id}`);
  if (capacityBytes === volume.capacityBytes) return volume;
  const moreBytes = capacityBytes - volume.capacityBytes;
  using _room = await context.room.reserve(moreBytes, `the expansion of volume ${volume.id}`, signal);
  const content = { path: locateContent(context, volume), kept: volume.kept };
  await layoutOf(context, volume).grow(content, capacityBytes, signal);
  await context.onStep('grown');
  return await replaceRecord(context, { ...volume, capacityBytes });
}

/** See LocalFileStore.markIdentityRenewed. */
export async function markIdentityRenewed(
  context: StoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await changeImage(context, id, signal, (kept) =>
    kept.identityPending ? { ...kept, identityPending: false } : undefined,
  );
}

/** See LocalFileStore.markOwnerApplied. */
export async function markOwnerApplied(
  context: StoreContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await changeImage(context, id, signal, ({ ownerPending, ...kept }) =>
    ownerPending === true ? kept : undefined,
  );
}

type ImageKept = Extract<Kept, { layout: 'image' }>;

/** Writes what `change` makes of the record; nothing when it makes nothing, or when the volume is no image. */
async function changeImage(
  context: StoreContext,
  id: string,
  signal: AbortSignal,
  change: (kept: ImageKept) => ImageKept | undefined,
): Promise<void> {
  using _lock = await context.locks.acquire(`record:${id}`, signal);
  const volume = await getVolumeRecord(context, id);
  using _pin = context.pins.hold(volume.id);
  const kept = volume.kept.layout === 'image' ? change(volume.kept) : undefined;
  if (kept !== undefined) await replaceRecord(context, { ...volume, kept });
}

async function replaceRecord(context: StoreContext, record: VolumeRecord): Promise<VolumeRecord> {
  const hash = parseObjectId(record.id)?.hash;
  if (hash === undefined) throw new DriverError('INTERNAL', `A record has the impossible id "${record.id}".`);
  const path = join(context.paths.objectDirectory('volume', hash), RECORD_FILES.volume);
  await writeFileDurable(path, formatRecord(record));
  context.volumes.put(hash, record);
  return record;
}
