import type { ExpandVolumeRequest } from './file-store.ts';
import { getVolumeRecord, layoutOf, locateContent, measureCapacity } from './objects.ts';
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
  const capacityBytes = await choose(context, volume, request);
  if (capacityBytes === volume.capacityBytes) return volume;
  const moreBytes = capacityBytes - volume.capacityBytes;
  using _room = await context.room.reserve(moreBytes, `the expansion of volume ${volume.id}`, signal);
  const change = async (now: VolumeRecord): Promise<VolumeRecord | undefined> => {
    // Where others work on the pool it may have become larger since.
    const wantedBytes = now === volume ? capacityBytes : await choose(context, now, request);
    if (wantedBytes === now.capacityBytes) return undefined;
    const content = { path: locateContent(context, now), kept: now.kept };
    await layoutOf(context, now).grow(content, wantedBytes, signal);
    await context.onStep('grown');
    return { ...now, capacityBytes: wantedBytes };
  };
  return await context.changes.apply(volume, change, signal);
}

async function choose(
  context: StoreContext,
  volume: VolumeRecord,
  request: ExpandVolumeRequest,
): Promise<number> {
  const currentBytes = await measureCapacity(context, volume);
  return chooseExpandedCapacity(request.range, currentBytes, `volume ${volume.id}`);
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
  if (makeImage(volume, change) === undefined) return;
  await context.changes.apply(volume, (now) => makeImage(now, change), signal);
}

function makeImage(
  volume: VolumeRecord,
  change: (kept: ImageKept) => ImageKept | undefined,
): VolumeRecord | undefined {
  const kept = volume.kept.layout === 'image' ? change(volume.kept) : undefined;
  return kept === undefined ? undefined : { ...volume, kept };
}
