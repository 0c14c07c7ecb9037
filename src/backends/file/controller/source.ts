import { DriverError } from '../../../domain/errors.ts';
import type { ContentSource } from '../../../domain/volume.ts';
import type { CreateVolumeRequest } from '../../../filestore/file-store.ts';
import type { StoreDirectory, StoreEntry } from '../../../filestore/store-directory.ts';
import type { FileControllerContext } from './context.ts';
import { snapshotNotFound, volumeNotFound } from './lookup.ts';
import { findStoreOfObject } from '../stores.ts';

/** A source, and the open store that has it. */
export interface SourceStore {
  readonly source: ContentSource;
  readonly entry: StoreEntry;
  readonly poolId: string;
}

/** The store that has the source, be it another driver's; undefined when none is asked for. Throws VOLUME_NOT_FOUND or SNAPSHOT_NOT_FOUND, and POOL_UNAVAILABLE when it cannot be reached. */
export function findSourceStore(
  sources: StoreDirectory,
  source: ContentSource | undefined,
): SourceStore | undefined {
  if (source === undefined) return undefined;
  const open = findStoreOfObject(sources, source);
  if (open !== undefined) return { source, entry: open.entry, poolId: open.store.poolId };
  throw source.kind === 'volume' ? volumeNotFound(source.id) : snapshotNotFound(source.id);
}

/** Where the source is a clone is instant, or at least spares the network: that place comes first, if it is one of them. */
export function preferSource(
  places: readonly StoreEntry[],
  source: SourceStore | undefined,
): readonly StoreEntry[] {
  if (source === undefined) return places;
  const isThere = ({ poolId }: StoreEntry): boolean => poolId === source.poolId;
  return [...places.filter(isThere), ...places.filter((place) => !isThere(place))];
}

/** The request for one place: with the way to the source, when that is elsewhere. Throws POOL_UNAVAILABLE for a place that was never open. */
export function withOrigin(
  { origins }: Pick<FileControllerContext, 'origins'>,
  request: CreateVolumeRequest,
  { source, place }: { readonly source: SourceStore; readonly place: StoreEntry },
): CreateVolumeRequest {
  const { nodeName, poolId } = place;
  if (poolId === source.poolId) return request;
  if (poolId === undefined) {
    throw new DriverError('POOL_UNAVAILABLE', `Pool ${place.poolName} on node ${nodeName} has no id yet.`);
  }
  const from = { nodeName: source.entry.nodeName, poolId: source.poolId };
  const target = { nodeName, poolId, volumeName: request.name };
  return { ...request, origin: origins.createOrigin({ source: source.source, from, target }) };
}
