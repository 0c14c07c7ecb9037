import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Volume } from '../../domain/volume.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import { type AskByName, findAllByName } from '../file/controller/by-name.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import type { Located } from '../file/controller/lookup.ts';
import { findSourceStore, withOrigin } from '../file/controller/source.ts';
import { toVolume } from '../file/controller/to-domain.ts';
import { getOpenStore } from '../file/stores.ts';
import { parseParameters } from '../parameters.ts';
import { checkNfsCapabilities } from './capabilities.ts';
import { NfsParameters } from './parameters.ts';
import { getPoolEntry } from './pools.ts';

/**
 * CSI CreateVolume on a shared pool. The other pools are asked for the name first; the pool itself looks when it is told to make the volume. With a source,
 * which may be gone by now while its copy is there, it is asked as well.
 */
export async function createVolume(
  context: FileControllerContext,
  options: CreateVolumeOptions,
  signal: AbortSignal,
): Promise<Volume> {
  const { stores } = context;
  const { parameters, request } = toRequest(options);
  const entries = stores.list();
  const entry = getPoolEntry(entries, parameters.pool);
  const maker = options.source === undefined ? entry : undefined;
  const ask: AskByName<VolumeRecord> = (store, own) => store.findVolumeByName({ name: options.name }, own);
  const found = await findAllByName({ entries, maker, ask }, signal);
  const isHere = checkPool(found, entry, options.name);
  const store = getOpenStore(entry);
  const record = await store.createVolume(
    isHere ? request : toPlacedRequest(context, { request, entry, options }),
    signal,
  );
  return toVolume(record, entry, context);
}

/** Whether the volume is in the pool already. Throws VOLUME_INCOMPATIBLE when it is in another one. */
function checkPool(found: readonly Located<VolumeRecord>[], entry: StoreEntry, name: string): boolean {
  const [first] = found;
  if (first === undefined) return false;
  if (found.some((each) => each.entry.poolName === entry.poolName)) return true;
  throw new DriverError(
    'VOLUME_INCOMPATIBLE',
    `A volume named ${quote(name)} exists already (${first.record.id}), in pool ${first.entry.poolName} and not in pool ${entry.poolName}. Choose another name or delete it first.`,
  );
}

/** With the way to the source, when that is in another pool. */
function toPlacedRequest(
  context: FileControllerContext,
  {
    request,
    entry,
    options,
  }: {
    readonly request: CreateVolumeRequest;
    readonly entry: StoreEntry;
    readonly options: CreateVolumeOptions;
  },
): CreateVolumeRequest {
  const source = findSourceStore(context.sources, options.source);
  return source === undefined ? request : withOrigin(context, request, { source, place: entry });
}

/** The request to the store. Throws INVALID_ARGUMENT for parameters and capabilities that contradict each other. */
function toRequest(options: CreateVolumeOptions): {
  readonly parameters: NfsParameters;
  readonly request: CreateVolumeRequest;
} {
  const { parameters, asked, claim, fsType } = parseParameters(NfsParameters, options.parameters);
  checkNfsCapabilities(options.capabilities);
  if (fsType !== undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      'Volumes of this driver have the file system of their server: remove csi.storage.k8s.io/fstype from the StorageClass.',
    );
  }
  return {
    parameters,
    request: {
      name: options.name,
      range: options.range,
      accessType: 'mount',
      fsType: undefined,
      layout: 'directory',
      quota: parameters.quota,
      isolation: 'standard',
      preallocate: false,
      owner: { uid: parameters.uid, gid: parameters.gid, mode: parameters.mode },
      onDelete: parameters.onDelete,
      source: options.source,
      claim,
      askedParameters: asked,
    },
  };
}
