import { quote } from '../../base/quote.ts';
import { DriverError, isDriverError } from '../../domain/errors.ts';
import type { ContentSource, Volume } from '../../domain/volume.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreDirectory, StoreEntry } from '../../filestore/store-directory.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import { findByName } from '../file/controller/by-name.ts';
import { checkSingleNode, findImageFlag, parseVolumeUse } from '../file/controller/capabilities.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import type { Located } from '../file/controller/lookup.ts';
import { snapshotNotFound, volumeNotFound } from '../file/controller/lookup.ts';
import { toVolume } from '../file/controller/to-domain.ts';
import { findStoreOfObject, getOpenStore } from '../file/stores.ts';
import { parseParameters } from '../parameters.ts';
import { HostpathParameters } from './parameters.ts';
import { isAllowed, rankPlaces } from './placement.ts';
import { getPoolEntries } from './pools.ts';

/**
 * CSI CreateVolume on nodes' pools. Every pool that can be reached is asked for the name first; then the place is that of
 * the source, or the first of {@link rankPlaces} that has room. A place that cannot be reached is not passed over: an earlier call may have
 * made the volume there.
 */
export async function createVolume(
  { stores, topologyOf }: FileControllerContext,
  options: CreateVolumeOptions,
  signal: AbortSignal,
): Promise<Volume> {
  const { parameters, request } = toRequest(options);
  const places = getPoolEntries(stores, parameters.pool);
  const existing = await findByName(
    stores,
    async (store) => await store.findVolumeByName({ name: options.name }, signal),
  );
  if (existing !== undefined) {
    checkPlace(existing, places, options);
    const record = await existing.store.createVolume(request, signal);
    return toVolume(record, existing.entry, topologyOf);
  }
  const ranked = rankPlaces(narrowToSource(stores, places, options), options);
  const { record, entry } = await createInFirst(ranked, request, signal);
  return toVolume(record, entry, topologyOf);
}

/** The request to the store. Throws INVALID_ARGUMENT for parameters and capabilities that contradict each other. */
function toRequest(options: CreateVolumeOptions): {
  readonly parameters: HostpathParameters;
  readonly request: CreateVolumeRequest;
} {
  const { parameters, asked, claim, fsType } = parseParameters(HostpathParameters, options.parameters);
  const use = parseVolumeUse(options.capabilities);
  checkSingleNode(options.capabilities);
  checkLayout(parameters, use.accessType, options);
  return {
    parameters,
    request: {
      name: options.name,
      range: options.range,
      accessType: use.accessType,
      fsType: use.accessType === 'block' ? undefined : (use.fsType ?? fsType),
      layout: chooseLayout(parameters, options),
      quota: parameters.quota,
      isolation: parameters.isolation,
      preallocate: parameters.preallocate,
      owner: { uid: parameters.uid, gid: parameters.gid, mode: parameters.mode },
      source: options.source,
      claim,
      askedParameters: asked,
    },
  };
}

/** With `layout: auto`, mount options that a directory cannot have decide for an image. */
function chooseLayout(
  { layout }: HostpathParameters,
  { capabilities }: CreateVolumeOptions,
): HostpathParameters['layout'] {
  return layout === 'auto' && findImageFlag(capabilities) !== undefined ? 'image' : layout;
}

function checkLayout(
  { layout, isolation }: HostpathParameters,
  accessType: 'mount' | 'block',
  { capabilities }: CreateVolumeOptions,
): void {
  if (layout !== 'directory') return;
  const flag = findImageFlag(capabilities);
  const objection =
    (accessType === 'block' && 'a raw block volume has to be an image') ||
    (isolation === 'strict' && 'isolation: strict needs an image') ||
    (flag !== undefined && `the mount option ${quote(flag)} needs a file system of its own`);
  if (objection === false) return;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `The StorageClass asks for layout: directory, but ${objection}. Use layout: auto or layout: image.`,
  );
}

/** An existing volume of this name has to be in the pool and at a place that are asked for now. */
function checkPlace(
  { record, entry }: Located<VolumeRecord>,
  places: readonly StoreEntry[],
  { name, topology }: CreateVolumeOptions,
): void {
  const poolName = places[0]?.poolName;
  const isInPool = entry.poolName === poolName;
  if (isInPool && isAllowed(entry.nodeName, topology?.requisite ?? [])) return;
  throw new DriverError(
    'VOLUME_INCOMPATIBLE',
    `A volume named ${quote(name)} exists already (${record.id}) in pool ${entry.poolName} on node ${entry.nodeName}, which is not where it is asked for now${isInPool ? '' : ` (pool ${poolName ?? ''})`}. Choose another name or delete it first.`,
  );
}

/** Content is cloned where it is: of the pool's places only the source's remains. */
function narrowToSource(
  stores: StoreDirectory,
  places: readonly StoreEntry[],
  { source, topology }: CreateVolumeOptions,
): readonly StoreEntry[] {
  const requisite = topology?.requisite ?? [];
  if (source === undefined) return places;
  const open = findStoreOfObject(stores, source);
  if (open === undefined) throw sourceNotFound(source);
  const { entry } = open;
  const isInPool = places.some(({ poolName }) => poolName === entry.poolName);
  if (isInPool && isAllowed(entry.nodeName, requisite)) return [entry];
  if (isInPool) {
    throw new DriverError(
      'NO_ROOM',
      `The source ${source.kind} ${source.id} is on node ${entry.nodeName}, and its copy has to be on the same node, which the topology excludes. Schedule the pod there.`,
    );
  }
  throw new DriverError(
    'INVALID_ARGUMENT',
    `The source ${source.kind} ${source.id} is in pool ${entry.poolName}, but the volume is asked for in pool ${places[0]?.poolName ?? ''}. Copies from one pool to another come with a later release: use a StorageClass with pool: ${entry.poolName}.`,
  );
}

/** Tries the places in their order; only a place that answers that it has no room is passed over. */
async function createInFirst(
  places: readonly StoreEntry[],
  request: CreateVolumeRequest,
  signal: AbortSignal,
): Promise<{ readonly record: VolumeRecord; readonly entry: StoreEntry }> {
  const refusals: DriverError[] = [];
  for (const entry of places) {
    try {
      return { record: await getOpenStore(entry).createVolume(request, signal), entry };
    } catch (error) {
      if (!isDriverError(error, 'NO_ROOM')) throw error;
      refusals.push(error);
    }
  }
  throw new DriverError('NO_ROOM', refusals.map((refusal) => refusal.message).join(' '), {
    cause: refusals[0],
  });
}

function sourceNotFound({ kind, id }: ContentSource): DriverError {
  return kind === 'volume' ? volumeNotFound(id) : snapshotNotFound(id);
}
