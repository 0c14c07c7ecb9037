import { lstat, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsyncDirectory } from '../../base/durable-files.ts';
import { hashName, randomId } from '../../base/ids.ts';
import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import { createObjectId, formatObjectId } from '../../domain/ids.ts';
import { assertAdoptable } from '../../host/quotas/index.ts';
import { linkClaim } from '../claims.ts';
import type { AdoptVolumeRequest } from '../file-store.ts';
import type { ContentAdoption } from '../layouts/layout.ts';
import { commitDraft, readVolumeRecord } from '../objects.ts';
import { type Kept, RECORD_FORMAT, type VolumeRecord } from '../records.ts';
import { BLOCK_BYTES, chooseCapacity } from '../sizes.ts';
import type { StoreContext } from '../store-context.ts';
import { type Adoptable, explain, openAdoptable } from './adoptable.ts';
import { type AdoptionPlace, removeNote, toAdoptionPlace, writeNote } from './adoption-note.ts';
import { type AdoptionSource, checkTakenOver, findAdoptionSource, isThere } from './adoption-source.ts';
import { putBack } from './put-back.ts';

/** See AdoptingFileStore.adoptVolume. */
export async function adoptVolume(
  context: StoreContext,
  request: AdoptVolumeRequest,
  signal: AbortSignal,
): Promise<VolumeRecord> {
  await context.presence.check();
  const hash = hashName(context.clusterId, request.name);
  using _lock = await context.locks.acquire(`adoption:${hash}`, signal);
  const place = toAdoptionPlace(context.paths, hash);
  const existing = await context.volumes.find(hash);
  if (existing !== undefined) {
    // By a call that was answered, or killed just before.
    await checkTakenOver(context.paths, { request, place }, existing);
    await removeNote(place);
    return existing;
  }
  const adoption = getAdoption(context, request);
  const source = await findAdoptionSource(context.paths, { request, place });
  const usedBytes = await measure(context, { request, source }, signal);
  const capacityBytes = toCapacity(request);
  const adopting: Adopting = { request, hash, place, adoption, capacityBytes };
  // What it holds has been written; what is not to be enforced was promised by others.
  const missingBytes = request.quota === 'none' ? 0 : Math.max(0, capacityBytes - usedBytes);
  using _room = await context.room
    .reserve(missingBytes, `volume ${quote(request.name)}`, signal)
    .catch(async (error: unknown) => {
      throw source.isMoved ? await putBack(context, adopting, error) : error;
    });
  if (!source.isMoved) await moveIn(context, adopting, signal);
  const volume = await finish(context, adopting, signal);
  // In one turn with the end of the reservation.
  context.volumes.put(hash, volume);
  return volume;
}

interface Adopting {
  readonly request: AdoptVolumeRequest;
  readonly hash: string;
  readonly place: AdoptionPlace;
  readonly adoption: ContentAdoption;
  readonly capacityBytes: number;
}

function getAdoption(
  { layouts, pool, abilities }: StoreContext,
  request: AdoptVolumeRequest,
): ContentAdoption {
  const { adoption } = layouts.directory;
  const isLimitable = request.quota === 'none' || abilities.quota === 'project';
  if (adoption !== undefined && isLimitable) return adoption;
  throw new DriverError(
    'PRECONDITION_FAILED',
    adoption === undefined
      ? `Pool ${pool.name} (${abilities.fsType}) keeps volumes as subvolumes, which directories cannot become without being copied.`
      : `Pool ${pool.name} (${abilities.fsType}) cannot limit directories. Say that the size is not to be enforced, or put the pool on xfs with prjquota.`,
  );
}

function toCapacity({ capacityBytes, name }: AdoptVolumeRequest): number {
  return chooseCapacity(
    { requiredBytes: capacityBytes, limitBytes: undefined },
    {
      subject: `volume ${quote(name)}`,
      sourceBytes: 0,
      minimumBytes: BLOCK_BYTES,
      minimumReason: 'sizes are whole blocks',
    },
  );
}

async function measure(
  { host, paths }: StoreContext,
  { request, source }: { readonly request: AdoptVolumeRequest; readonly source: AdoptionSource },
  signal: AbortSignal,
): Promise<number> {
  if (!source.isMoved) {
    await using _checked = await openAdoptable({ paths, mounts: host.mounts }, request.directory, signal);
  }
  const { usedBytes } = await host.trees.measure(source.path, signal);
  if (!source.isMoved && request.quota === 'required') {
    assertAdoptable(request.directory, usedBytes, request.capacityBytes);
  }
  return usedBytes;
}

async function moveIn(context: StoreContext, adopting: Adopting, signal: AbortSignal): Promise<void> {
  const { place, request } = adopting;
  const { name, directory } = request;
  const { paths, host } = context;
  await using source = await openAdoptable({ paths, mounts: host.mounts }, directory, signal);
  await writeNote(place, { name, directory });
  await context.onStep('noted');
  try {
    await context.files.rename(source.held, place.content);
  } catch (error) {
    // One whose answer was lost was done all the same; the error says nothing of that.
    if (await isThere(place.content)) return await syncMove(place, source);
    await removeNote(place);
    throw explain(source.path, error);
  }
  await context.onStep('moved');
  await syncMove(place, source);
  await context.onStep('moved-durably');
}

async function syncMove(place: AdoptionPlace, source: Adoptable): Promise<void> {
  await fsyncDirectory(place.object);
  await source.parent.sync();
}

/** From what has been moved to a volume; back to where it was when that cannot be. */
async function finish(context: StoreContext, adopting: Adopting, signal: AbortSignal): Promise<VolumeRecord> {
  const { place, hash } = adopting;
  try {
    await checkDirectory(place.content);
    const volume = await commit(context, adopting, signal);
    await removeNote(place);
    await fsyncDirectory(dirname(place.root));
    await context.onStep('note-removed');
    await linkClaim(context, volume, hash);
    return volume;
  } catch (error) {
    if (!(await isThere(place.content))) throw error;
    throw await putBack(context, adopting, error);
  }
}

/** Whoever writes to the export may have put something else in its place before it was moved. */
async function checkDirectory(path: string): Promise<void> {
  if ((await lstat(path)).isDirectory()) return;
  throw new DriverError('PRECONDITION_FAILED', `What was moved to ${path} is no directory.`);
}

async function commit(
  context: StoreContext,
  { request, hash, place, adoption, capacityBytes }: Adopting,
  signal: AbortSignal,
): Promise<VolumeRecord> {
  const isLimited = request.quota === 'required';
  const owner = { uid: undefined, gid: undefined, mode: undefined };
  const content = { capacityBytes, accessType: 'mount', fsType: undefined, preallocate: false } as const;
  const kept = await adoption.take(
    { directory: place.object, plan: { ...content, isLimited, owner } },
    signal,
  );
  await context.host.syscalls.syncFileSystem({ path: place.object }, signal);
  await context.onStep('taken');
  const nonce = randomId(26);
  await rm(place.record, { force: true });
  const record = toRecord(context, request, { kept, nonce, capacityBytes });
  const staged = {
    directory: place.object,
    nonce,
    markCommitted: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const draft = { kind: 'volume', hash, staged, record } as const;
  const volume = await commitDraft(context, draft, () => readVolumeRecord(context, hash));
  if (volume.nonce === nonce) return volume;
  throw new DriverError(
    'VOLUME_INCOMPATIBLE',
    `A volume named ${quote(request.name)} was made meanwhile (${volume.id}).`,
  );
}

function toRecord(
  context: StoreContext,
  { name, quota, claim }: AdoptVolumeRequest,
  made: { readonly kept: Kept; readonly nonce: string; readonly capacityBytes: number },
): VolumeRecord {
  return {
    formatVersion: RECORD_FORMAT,
    id: formatObjectId(createObjectId('volume', context, name)),
    name,
    capacityBytes: made.capacityBytes,
    kept: made.kept,
    asked: { parameters: quota === 'none' ? { quota } : {}, accessType: 'mount' },
    owner: {},
    ...(claim === undefined ? {} : { claim }),
    nonce: made.nonce,
    createdAt: new Date(context.clock.now()).toISOString(),
  };
}
