import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncDirectory } from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { VolumeRecord } from './records.ts';
import { findRecordAt, parseSetAsideName, putBack } from './set-aside.ts';
import type { StoreContext } from './store-context.ts';

/** Entries of one store that were looked at, by their paths: what is once set aside rightly stays so. */
export class ExaminedEntries {
  /** Nothing is wrong with them. */
  readonly right = new Set<string>();
  /** Something is, and the log says so. */
  readonly told = new Set<string>();

  /** Forgets those that are not there any more. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const set of [this.right, this.told]) {
      for (const path of set) if (!present.has(path)) set.delete(path);
    }
  }
}

/**
 * Puts volumes back that were set aside under the id of another one, by a program that was killed before it could look: between its look at a volume and the rename
 * others had removed that and made another one of its name. Whose an entry was to be is said by its name. What people have put there is left alone.
 */
export async function putBackMisplaced(
  context: Pick<StoreContext, 'paths' | 'files' | 'logger'>,
  examined: ExaminedEntries,
): Promise<void> {
  const present = new Set<string>();
  for (const how of ['retain', 'archive'] as const) {
    const directory = context.paths.setAside[how];
    for (const name of await listNames(directory)) {
      const entry = join(directory, name);
      present.add(entry);
      if (!examined.right.has(entry)) await examine(context, { how, name, entry, directory }, examined);
    }
  }
  examined.keepOnly(present);
}

interface Entry {
  readonly how: NonNullable<VolumeRecord['onDelete']>;
  readonly name: string;
  readonly entry: string;
  readonly directory: string;
}

/** One that cannot be read keeps no other from being looked at. */
async function examine(
  context: Pick<StoreContext, 'paths' | 'files' | 'logger'>,
  { how, name, entry, directory }: Entry,
  examined: ExaminedEntries,
): Promise<void> {
  try {
    const record = await findRecordAt(entry);
    if (record === undefined || !isMisplaced(how, name, record)) examined.right.add(entry);
    else await tryToPutBack(context, { entry, directory, record }, examined);
  } catch (error) {
    const level = examined.told.has(entry) ? 'debug' : 'warn';
    context.logger[level]('What was set aside cannot be looked at', { path: entry, err: error });
    examined.told.add(entry);
  }
}

function isMisplaced(
  how: NonNullable<VolumeRecord['onDelete']>,
  name: string,
  { id }: VolumeRecord,
): boolean {
  const meant = parseSetAsideName(how, name);
  const found = parseObjectId(id);
  if (meant === undefined || found === undefined || meant.generation === found.generation) return false;
  return meant.hash === undefined || meant.hash === found.hash;
}

async function tryToPutBack(
  { paths, files, logger }: Pick<StoreContext, 'paths' | 'files' | 'logger'>,
  misplaced: { readonly entry: string; readonly directory: string; readonly record: VolumeRecord },
  examined: ExaminedEntries,
): Promise<void> {
  const { entry, directory, record } = misplaced;
  const hash = parseObjectId(record.id)?.hash;
  if (hash === undefined) return;
  const place = paths.objectDirectory('volume', hash);
  try {
    await putBack(files, entry, place);
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    if (!examined.told.has(entry)) {
      logger.error(
        'A volume was set aside in the place of another one, and one of its name was made meanwhile: it goes back once that is deleted',
        { volumeId: record.id, path: entry, place },
      );
    }
    examined.told.add(entry);
    return;
  }
  await fsyncDirectory(paths.volumes);
  await fsyncDirectory(directory);
  logger.warn('A volume that was set aside in the place of another one is back', { volumeId: record.id });
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
