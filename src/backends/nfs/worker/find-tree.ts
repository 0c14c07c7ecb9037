import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { ObjectId } from '../../../domain/ids.ts';
import { CONTENT_NAMES, createStorePaths, RECORD_FILES } from '../../../filestore/paths.ts';
import { findPoolRecord } from '../../../filestore/pool/pool-record-file.ts';
import { readRecordFile } from '../../../filestore/record-file.ts';
import { VolumeRecord } from '../../../filestore/records.ts';
import { isErrno } from '../../../host/errno.ts';

/** O_PATH of Linux, which node:fs has no name for. */
const O_PATH = 0o10000000;

/** A volume as it lies on the export. */
export interface FoundTree {
  readonly record: VolumeRecord;
  /** The directory with the content. */
  readonly path: string;
}

/**
 * The volume with this id below the root of its pool. Throws POOL_UNAVAILABLE when another pool is mounted there, VOLUME_NOT_FOUND, and POOL_UNAVAILABLE where the
 * export does not let root look.
 */
export async function getTree(
  root: string,
  volume: { readonly id: string; readonly parsed: ObjectId; readonly poolName: string },
): Promise<FoundTree> {
  const { id, parsed, poolName } = volume;
  const paths = createStorePaths(root);
  try {
    await checkPool(paths, volume);
    const directory = paths.objectDirectory('volume', parsed.hash);
    const record = await readRecordFile({
      path: join(directory, RECORD_FILES.volume),
      schema: VolumeRecord,
      subject: `volume ${id}`,
    });
    if (record?.id === id) return { record, path: join(directory, CONTENT_NAMES.directory) };
  } catch (error) {
    throw toTreeError(error, poolName);
  }
  throw new DriverError('VOLUME_NOT_FOUND', `There is no volume ${quote(id)} in pool ${poolName}.`);
}

async function checkPool(
  paths: ReturnType<typeof createStorePaths>,
  { parsed, poolName }: { readonly parsed: ObjectId; readonly poolName: string },
): Promise<void> {
  const record = await findPoolRecord({ name: poolName, paths });
  if (record?.poolId === parsed.poolId) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `What is mounted of pool ${poolName} is ${record === undefined ? 'no pool' : `pool ${record.poolId}`}, and the volume is of pool ${parsed.poolId}. Correct the server or the export in the configuration of this node.`,
  );
}

/**
 * A directory of the export that a PersistentVolume names, opened without following any symbolic link: whoever writes to the export must not lead a node elsewhere. Throws
 * PRECONDITION_FAILED.
 */
export async function openStaticDirectory(
  root: string,
  { path, poolName }: { readonly path: string; readonly poolName: string },
): Promise<FileHandle> {
  const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  let directory = await open(root, flags);
  try {
    for (const part of path.split('/').filter((each) => each !== '')) {
      const next = await open(`/proc/self/fd/${directory.fd}/${part}`, flags);
      await directory.close();
      directory = next;
    }
    return directory;
  } catch (error) {
    await directory.close();
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw toTreeError(error, poolName);
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Pool ${poolName} has no directory ${quote(path)} that is reached without symbolic links. Make it on the server, or correct volumeAttributes.path of the PersistentVolume.`,
      { cause: error },
    );
  }
}

/** What an export says that squashes root. */
export function toTreeError(error: unknown, poolName: string): unknown {
  const cause = error instanceof DriverError ? error.cause : error;
  if (!isErrno(cause, 'EACCES', 'EPERM')) return error;
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The export of pool ${poolName} does not let root of this node look into it: it is not exported to this node any more, or it squashes root. Export it to the nodes, with no_root_squash; if that may not be, let the agents of the nodes work on it (no agent on the server), which then own everything as its anonymous user.`,
    { cause: error },
  );
}
