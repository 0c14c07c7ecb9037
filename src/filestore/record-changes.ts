import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurable } from '../base/durable-files.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import { RECORD_FILES, type StorePaths } from './paths.ts';
import { formatRecord, readRecordFile } from './record-file.ts';
import { type RecordLease, type RecordLeaseDeps, takeRecordLease } from './record-lease.ts';
import { VolumeRecord } from './records.ts';
import type { Shelf } from './shelf.ts';
import type { StepHook } from './store-context.ts';

/** What a record becomes; undefined when it is as it should be. Only raises or settles things: what is done already is found to be done. */
export type RecordChange = (
  record: VolumeRecord,
) => VolumeRecord | undefined | Promise<VolumeRecord | undefined>;

/** How the records of volumes are changed. */
export interface RecordChanges {
  /**
   * Changes the record of a volume that was just read, on disk when this returns, and returns what it is then. In this program the caller holds the lock
   * `record:<id>`. Throws VOLUME_NOT_FOUND, OPERATION_PENDING, and what `change` throws.
   */
  apply(volume: VolumeRecord, change: RecordChange, signal: AbortSignal): Promise<VolumeRecord>;
}

type Volumes = Pick<Shelf<VolumeRecord>, 'put'>;

/** In a pool that this program has for itself: what was read is what there is. */
export function createOwnChanges(deps: {
  readonly paths: StorePaths;
  readonly volumes: Volumes;
}): RecordChanges {
  return {
    async apply(volume, change) {
      const next = await change(volume);
      if (next === undefined) return volume;
      const hash = getHash(volume.id);
      const path = join(deps.paths.objectDirectory('volume', hash), RECORD_FILES.volume);
      await writeFileDurable(path, formatRecord(next));
      deps.volumes.put(hash, next);
      return next;
    },
  };
}

/** After this many leases were lost to others, or answers to the network, in the middle of a change. */
const MOST_ATTEMPTS = 5;

/**
 * In a pool on which others work as well: under a lease that holds among them, from what the record is under it, and in the very directory that was looked at: it is held
 * open, so that a volume that has got the name since cannot be hit.
 */
export function createSharedChanges(
  deps: RecordLeaseDeps & { readonly volumes: Volumes; readonly poolName: string; readonly onStep: StepHook },
): RecordChanges {
  return {
    async apply({ id }, change, signal) {
      const hash = getHash(id);
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
        await using directory = await openObject(deps, id, hash);
        await using lease = await takeRecordLease(deps, id, signal);
        await deps.onStep('lease-taken');
        const outcome = await changeUnderLease({ id, directory, lease, poolName: deps.poolName }, change);
        await deps.onStep('record-replaced');
        if (outcome === undefined) continue;
        await directory.sync();
        deps.volumes.put(hash, outcome);
        return outcome;
      }
      throw new DriverError(
        'OPERATION_PENDING',
        `The record of volume ${id} could not be changed between the changes of other nodes: ask again.`,
      );
    },
  };
}

interface Changing {
  readonly id: string;
  readonly directory: FileHandle;
  readonly lease: RecordLease;
  readonly poolName: string;
}

/** Undefined when the lease was lost, or the answer: then the record says which. */
async function changeUnderLease(
  { id, directory, lease, poolName }: Changing,
  change: RecordChange,
): Promise<VolumeRecord | undefined> {
  const path = join('/proc/self/fd', String(directory.fd), RECORD_FILES.volume);
  const record = await readRecordFile({ path, schema: VolumeRecord, subject: `volume ${id}` });
  if (record?.id !== id) throw notFound(id, poolName);
  const next = await change(record);
  if (next === undefined) return record;
  return (await lease.replace(path, formatRecord(next))) ? next : undefined;
}

async function openObject(
  { paths, poolName }: { readonly paths: StorePaths; readonly poolName: string },
  id: string,
  hash: string,
): Promise<FileHandle> {
  try {
    return await open(paths.objectDirectory('volume', hash), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw isErrno(error, 'ENOENT') ? notFound(id, poolName) : error;
  }
}

function getHash(id: string): string {
  const hash = parseObjectId(id)?.hash;
  if (hash === undefined) throw new DriverError('INTERNAL', `A record has the impossible id "${id}".`);
  return hash;
}

function notFound(id: string, poolName: string): DriverError {
  return new DriverError('VOLUME_NOT_FOUND', `There is no volume "${id}" in pool ${poolName} any more.`);
}
