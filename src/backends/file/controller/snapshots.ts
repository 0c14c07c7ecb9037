import * as z from 'zod';
import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import { isUsableFrom, type Topology, type TopologyRequirement } from '../../../domain/topology.ts';
import type { Page, Snapshot } from '../../../domain/volume.ts';
import type { SnapshotRecord } from '../../../filestore/records.ts';
import type { StoreDirectory, StoreEntry } from '../../../filestore/store-directory.ts';
import type { CreateSnapshotOptions, ListSnapshotsOptions, SnapshotsFacet } from '../../backend.ts';
import { parseParameters } from '../../parameters.ts';
import { bounded } from '../bounded.ts';
import type { OpenStore } from '../stores.ts';
import { describePool, findObjectId, findStoreOfObject, listOpenStores } from '../stores.ts';
import { type AskByName, findAllByName } from './by-name.ts';
import type { FileControllerContext } from './context.ts';
import { buryIfReleased, checkPoolUnknown } from './deletion.ts';
import { findSnapshot, getSnapshot, volumeNotFound } from './lookup.ts';
import { listPage, parseToken } from './paging.ts';
import { toSnapshot } from './to-domain.ts';

/** What a VolumeSnapshotClass may say beyond the keys of Kubernetes: nothing yet. */
const SnapshotParameters = z.strictObject({});

/** Snapshots of the volumes of all pools; contracts as in backend.ts. A snapshot lives in the pool of its source. */
export function createFileSnapshots(context: FileControllerContext): SnapshotsFacet {
  const { stores, topologyOf } = context;
  return {
    async createSnapshot(options, signal) {
      parseParameters(SnapshotParameters, options.parameters);
      return await bounded(
        `Cutting snapshot ${quote(options.name)}`,
        signal,
        async (own) => await createSnapshot(context, options, own),
      );
    },

    async deleteSnapshot({ snapshotId }, signal) {
      await bounded(`Deleting snapshot ${quote(snapshotId)}`, signal, async (own) => {
        const object = { kind: 'snapshot', id: snapshotId } as const;
        if (await buryIfReleased(context, object, own)) return;
        const open = findStoreOfObject(stores, object);
        if (open === undefined) return await checkPoolUnknown(context, object, own);
        await open.store.deleteSnapshot({ id: snapshotId }, own);
      });
    },

    async getSnapshot({ snapshotId }, signal) {
      return await bounded(`Looking up snapshot ${quote(snapshotId)}`, signal, async (own) => {
        const { record, entry } = await getSnapshot(stores, snapshotId, own);
        return toSnapshot(record, entry, topologyOf);
      });
    },

    async listSnapshots(options, signal) {
      return await bounded(
        'Listing the snapshots',
        signal,
        async (own) => await listSnapshots(context, options, own),
      );
    },
  };
}

/**
 * By name first: whoever polls for a snapshot may do so after its source is gone. The pool of the source looks for itself when it is told to cut, and is asked only
 * when another pool has the name.
 */
async function createSnapshot(
  { stores, topologyOf }: FileControllerContext,
  { name, sourceVolumeId, topology }: CreateSnapshotOptions,
  signal: AbortSignal,
): Promise<Snapshot> {
  const entries = stores.list();
  const homeId = findObjectId('volume', sourceVolumeId)?.poolId;
  const maker = homeId === undefined ? undefined : entries.find(({ poolId }) => poolId === homeId);
  const ask: AskByName<SnapshotRecord> = (store, own) => store.findSnapshotByName({ name }, own);
  const all = await findAllByName({ entries, maker, ask }, signal);
  const found = all.find(({ record }) => record.sourceVolumeId === sourceVolumeId) ?? all[0];
  if (found !== undefined) {
    const existing = toSnapshot(found.record, found.entry, topologyOf);
    if (existing.sourceVolumeId === sourceVolumeId) {
      checkPlace(found.entry, existing.accessibleTopology, topology);
      return existing;
    }
    throw new DriverError(
      'SNAPSHOT_INCOMPATIBLE',
      `The snapshot ${quote(name)} exists already, but of volume ${existing.sourceVolumeId} and not of ${quote(sourceVolumeId)}. Choose another name or delete it first.`,
    );
  }
  const open = findStoreOfObject(stores, { kind: 'volume', id: sourceVolumeId });
  if (open === undefined) throw volumeNotFound(sourceVolumeId);
  const { entry, store } = open;
  checkPlace(entry, topologyOf(entry), topology);
  return toSnapshot(await store.createSnapshot({ name, sourceVolumeId }, signal), entry, topologyOf);
}

/** A snapshot lives where its source does. Throws NO_ROOM when volumes made from it there are no use at any of the asked places. */
function checkPlace(
  entry: StoreEntry,
  places: readonly Topology[],
  topology: TopologyRequirement | undefined,
): void {
  if (isUsableFrom(places, topology?.requisite ?? [])) return;
  throw new DriverError(
    'NO_ROOM',
    `A snapshot lives where its source volume does, in ${describePool(entry)}, which the topology excludes. Ask for it there, or leave the place to the driver.`,
  );
}

async function listSnapshots(
  { stores, topologyOf }: FileControllerContext,
  options: ListSnapshotsOptions,
  signal: AbortSignal,
): Promise<Page<Snapshot>> {
  parseToken('snapshot', options.startingToken);
  if (options.snapshotId !== undefined) {
    const found = await findSnapshot(stores, options.snapshotId, signal);
    const isMatch =
      found !== undefined &&
      (options.sourceVolumeId === undefined || found.record.sourceVolumeId === options.sourceVolumeId);
    return {
      entries: isMatch ? [toSnapshot(found.record, found.entry, topologyOf)] : [],
      nextToken: undefined,
    };
  }
  const { sourceVolumeId } = options;
  const page = await listPage(options, {
    kind: 'snapshot',
    stores: sourceVolumeId === undefined ? listOpenStores(stores) : listStoresOf(stores, sourceVolumeId),
    listOne: async ({ store }, request) => await store.listSnapshots({ ...request, sourceVolumeId }, signal),
  });
  return {
    entries: page.entries.map(({ record, open }) => toSnapshot(record, open.entry, topologyOf)),
    nextToken: page.nextToken,
  };
}

/** The one store that can hold snapshots of a volume; none for a volume that is unknown. */
function listStoresOf(stores: StoreDirectory, volumeId: string): readonly OpenStore[] {
  const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
  return open === undefined ? [] : [open];
}
