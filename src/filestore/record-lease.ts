import { open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { DriverError } from '../domain/errors.ts';
import { isErrno } from '../host/errno.ts';
import type { Logger } from '../observability/logger.ts';
import type { StorePaths } from './paths.ts';
import { toStagingName } from './staging-names.ts';
import type { StoreFiles } from './store-files.ts';
import { UnchangedFor } from './unchanged-for.ts';

/** A record is changed in milliseconds. Whoever holds its lease for so long has died, or is cut off, and cannot harm anybody any more once it is taken over. */
const LEASE_MS = 10_000;
/** How long a lease is waited for: one that is taken over, and some more. */
const PATIENCE_MS = 2 * LEASE_MS;
const POLL_MS = 100;
const MOST_BETWEEN_MS = 10 * POLL_MS;

/** The right to replace one record, once. Disposing it gives it back. */
export interface RecordLease extends AsyncDisposable {
  /**
   * Replaces the record at `path` by this content, on disk but for the entry in its directory. False when it was not done, because another has taken the lease over; or when it
   * was, and the answer was lost: read what is there.
   */
  replace(path: string, content: string): Promise<boolean>;
}

export interface RecordLeaseDeps {
  readonly paths: StorePaths;
  readonly nodeName: string;
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Takes the lease of a record among all programs that work on the pool. It is the directory `leases/<id>`, made elsewhere and put there by one rename, which never
 * replaces a directory that has something in it; and in it is one file with a name of its own for each holder, which becomes the new record by a second rename. Taking a lease
 * over is removing that file: the rename of a holder that was only slow, or whose server was away, then finds nothing to rename, however late it
 * arrives. Throws OPERATION_PENDING when others hold it too long.
 */
export async function takeRecordLease(
  deps: RecordLeaseDeps,
  id: string,
  signal: AbortSignal,
): Promise<RecordLease> {
  const { paths, files, clock } = deps;
  const nonce = randomId(26);
  const staged = join(paths.staging, toStagingName('lease', deps.nodeName, { nonce }));
  const place = join(paths.leases, id);
  const holder = join(place, nonce);
  const giveUpAt = clock.monotonic() + PATIENCE_MS;
  const unchanged = new UnchangedFor({ clock, mostBetweenMs: MOST_BETWEEN_MS });
  await ensureOwnDirectory(files, staged);
  try {
    await writeFile(join(staged, nonce), '', { mode: 0o600 });
    while (!(await tryToTake(files, { id, staged, place, holder }))) {
      const holders = await listNames(place);
      if (unchanged.look(place, holders.join()) >= LEASE_MS) await removeHolders(place, holders);
      else if (clock.monotonic() > giveUpAt) throw pending(id);
      else await clock.sleep(POLL_MS, signal);
    }
  } catch (error) {
    await rm(staged, { recursive: true, force: true });
    throw error;
  }
  return {
    async replace(path, content) {
      try {
        // Never makes it again: that would give back what was taken over.
        await using file = await open(holder, 'r+');
        await file.writeFile(content);
        await file.sync();
        await files.rename(holder, path);
        return true;
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ESTALE')) return false;
        throw error;
      }
    },
    /** Never throws, so that what the work ended with is what shows. What is left is taken over. */
    async [Symbol.asyncDispose]() {
      try {
        await rm(holder, { force: true });
        await removeIfEmpty(files, place);
      } catch (error) {
        deps.logger.warn('The lease of a record cannot be given back; it runs out', { id, err: error });
      }
    },
  };
}

/** Removes what is left of leases whose holders have died, and the empty directories of those that were used up. `unchanged` remembers the sweeps before. */
export async function sweepRecordLeases(
  { paths, files }: Pick<RecordLeaseDeps, 'paths' | 'files'>,
  unchanged: UnchangedFor,
): Promise<void> {
  const ids = await listNames(paths.leases);
  for (const id of ids) {
    const place = join(paths.leases, id);
    const holders = await listNames(place);
    if (unchanged.look(place, holders.join()) < LEASE_MS) continue;
    await removeHolders(place, holders);
    await removeIfEmpty(files, place);
  }
  unchanged.keepOnly(ids.map((id) => join(paths.leases, id)));
}

/** Makes a directory whose name nobody else has: if it is there, an answer was lost. */
export async function ensureOwnDirectory(
  files: Pick<StoreFiles, 'makeDirectory'>,
  path: string,
): Promise<void> {
  try {
    await files.makeDirectory(path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

async function tryToTake(
  files: StoreFiles,
  {
    id,
    staged,
    place,
    holder,
  }: { readonly id: string; readonly staged: string; readonly place: string; readonly holder: string },
): Promise<boolean> {
  try {
    await files.rename(staged, place);
    return true;
  } catch (error) {
    if (await isThere(holder)) return true;
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return false;
    // It was there, and others have taken it over by now: this program was stopped in between.
    throw isErrno(error, 'ENOENT') ? pending(id) : error;
  }
}

async function removeHolders(place: string, holders: readonly string[]): Promise<void> {
  for (const name of holders) await rm(join(place, name), { force: true });
}

async function removeIfEmpty(files: StoreFiles, place: string): Promise<void> {
  try {
    await files.removeDirectory(place);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESTALE')) return [];
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function pending(id: string): DriverError {
  return new DriverError(
    'OPERATION_PENDING',
    `The record of ${id} is being changed by another node: ask again.`,
  );
}
