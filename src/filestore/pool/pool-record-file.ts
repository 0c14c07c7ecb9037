import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { DriverError } from '../../domain/errors.ts';
import { createPoolId } from '../../domain/ids.ts';
import { isErrno } from '../../host/errno.ts';
import { fsyncDirectory } from '../../base/durable-files.ts';
import { randomId } from '../../base/ids.ts';
import type { StorePaths } from '../paths.ts';
import { readRecordFile, writeNewRecordFile } from '../record-file.ts';
import { PoolRecord, RECORD_FORMAT } from '../records.ts';
import { nodeFiles, type StoreFiles } from '../store-files.ts';

/** Which pool is expected below a directory. */
export interface ExpectedPool {
  readonly name: string;
  readonly paths: StorePaths;
  /** Undefined where only the pool itself says which cluster it belongs to. */
  readonly clusterId: string | undefined;
  /** From the registry: undefined when this node never had the pool. */
  readonly knownPoolId: string | undefined;
  /** What an operator does when the known pool's data is gone for good, as an order in a sentence. */
  readonly toForget?: string;
  readonly clock: Clock;
  /** For tests of servers that lose answers. Default: this machine's. */
  readonly files?: Pick<StoreFiles, 'link'>;
}

/**
 * The record of the pool below a directory; made, with the rest of the tree, when nobody knows the pool yet. Throws POOL_UNAVAILABLE when a known pool's record is
 * missing (its disk is not mounted) or is another pool's, another cluster's, or unreadable. Of several programs that make it at once one does, and all get its record.
 */
export async function ensurePoolRecord(expected: ExpectedPool): Promise<PoolRecord> {
  const record = (await findPoolRecord(expected)) ?? (await initialise(expected));
  checkIdentity(expected, record);
  return record;
}

/** The record of a pool that exists. Throws POOL_UNAVAILABLE as {@link ensurePoolRecord} does, and when there is none. */
export async function getPoolRecord(pool: Omit<ExpectedPool, 'clock' | 'knownPoolId'>): Promise<PoolRecord> {
  const record = await findPoolRecord(pool);
  if (record === undefined) {
    throw unavailable(`There is no pool at ${pool.paths.root}: is the disk of pool ${pool.name} mounted?`);
  }
  checkIdentity({ ...pool, knownPoolId: undefined }, record);
  return record;
}

/** The record below a directory, whatever pool it is. Throws POOL_UNAVAILABLE when it cannot be read. */
export async function findPoolRecord({
  paths,
  name,
}: Pick<ExpectedPool, 'paths' | 'name'>): Promise<PoolRecord | undefined> {
  return await readRecordFile({ path: paths.poolRecord, schema: PoolRecord, subject: `pool ${name}` });
}

/** The record comes first: volumes/ without it always means that something is wrong. */
async function initialise(expected: ExpectedPool): Promise<PoolRecord> {
  const { paths, name, clusterId, knownPoolId, toForget, clock } = expected;
  if (knownPoolId !== undefined) {
    throw unavailable(
      `Pool ${name} (${knownPoolId}) is known on this node, but ${paths.root} holds no pool: its disk is probably not mounted. Mount it.${toForget === undefined ? '' : ` If the pool's data is gone for good, ${toForget}, and it is made anew.`}`,
    );
  }
  for (const directory of [paths.volumes, paths.snapshots]) {
    if (!(await isThere(directory))) continue;
    // Somebody else may have made the pool, and then the directory, since this one looked for its record.
    const made = await findPoolRecord(expected);
    if (made !== undefined) return made;
    throw unavailable(
      `${directory} exists, but ${paths.poolRecord} does not, so pool ${name} is not made there: the directory belongs to something else, or a pool lost its record. Restore the record, or choose another path.`,
    );
  }
  if (clusterId === undefined) {
    throw unavailable(`Nobody has said yet which cluster pool ${name} is to belong to: ask again.`);
  }
  const record: PoolRecord = {
    formatVersion: RECORD_FORMAT,
    poolId: createPoolId(),
    clusterId,
    createdAt: new Date(clock.now()).toISOString(),
  };
  await mkdir(paths.control, { recursive: true, mode: 0o700 });
  await publish(expected, record);
  return (await findPoolRecord(expected)) ?? record;
}

/** Gives the record its name unless there is one by then, whose it may be: also this one, by a link whose answer was lost. What has the name is what counts. */
async function publish({ paths, files = nodeFiles }: ExpectedPool, record: PoolRecord): Promise<void> {
  const temporary = join(paths.control, `.pool.json.${randomId(8)}.tmp`);
  try {
    await writeNewRecordFile(temporary, record);
    await files.link(temporary, paths.poolRecord);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await fsyncDirectory(paths.control);
}

function checkIdentity(
  { name, paths, clusterId, knownPoolId, toForget }: Omit<ExpectedPool, 'clock'>,
  record: PoolRecord,
): void {
  if (clusterId !== undefined && record.clusterId !== clusterId) {
    throw unavailable(
      `The pool at ${paths.root} belongs to cluster ${record.clusterId}, not to this one (${clusterId}), so it is not opened as pool ${name}. Mount the right disk, or choose another path.`,
    );
  }
  if (knownPoolId !== undefined && record.poolId !== knownPoolId) {
    throw unavailable(
      `Pool ${name} was ${knownPoolId} on this node, but ${paths.root} holds pool ${record.poolId}. Mount the right disk.${toForget === undefined ? '' : ` If this one replaces it for good, ${toForget}.`}`,
    );
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await readdir(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function unavailable(message: string): DriverError {
  return new DriverError('POOL_UNAVAILABLE', message);
}
