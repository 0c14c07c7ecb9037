import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { POOLS } from './disks.ts';
import type { Driver } from './driver.ts';

const exec = promisify(execFile);

/** What is removed in the background has to be gone by then. */
const CLEAN_WITHIN_MS = 30_000;

/** The part of a record that says what belongs to it. */
interface Kept {
  readonly id: string;
  readonly capacityBytes?: number;
  readonly kept: { readonly layout: 'directory' | 'image'; readonly projectId?: number };
}

/**
 * Looks at the pools themselves, not through the driver, while no volume is in use: sentences about what has no owner, or not the size that its record
 * says. Waits for removal in the background.
 */
export async function listLeaks(
  driver: Pick<Driver, 'listVolumes' | 'listSnapshots'>,
): Promise<readonly string[]> {
  const end = Date.now() + CLEAN_WITHIN_MS;
  for (;;) {
    const found = await findLeaks(driver);
    if (found.length === 0 || Date.now() > end) return found;
    await sleep(200);
  }
}

async function findLeaks(driver: Pick<Driver, 'listVolumes' | 'listSnapshots'>): Promise<readonly string[]> {
  const listed = new Set([...(await driver.listVolumes()).keys(), ...(await driver.listSnapshots()).keys()]);
  const faults = await findLoops();
  for (const { name, path } of POOLS) {
    const records = [
      ...(await readRecords(join(path, 'volumes'), 'volume.json')),
      ...(await readRecords(join(path, 'snapshots'), 'snapshot.json')),
    ];
    const own = [
      ...records
        .filter((record) => !listed.has(record.id))
        .map(({ id }) => `${id} lies in the pool unlisted`),
      ...(await findUnfinished(path)),
      ...(await findWrongSizes(path, records)),
      ...(await findOrphanQuotas(path, records)),
      ...(await findDanglingClaims(path)),
    ];
    faults.push(...own.map((text) => `pool ${name}: ${text}`));
  }
  return faults;
}

async function readRecords(shelf: string, file: string): Promise<readonly Kept[]> {
  const names = await readdir(shelf);
  // A record is whole or its directory is not there: what does not parse is a fault that ends the check.
  return await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(shelf, name, file), 'utf8')) as Kept),
  );
}

async function findUnfinished(pool: string): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const folder of ['staging', 'trash']) {
    const left = await readdir(join(pool, '.stowage', folder));
    faults.push(...left.map((name) => `${folder} still holds ${name}`));
  }
  return faults;
}

/** An image has the size of its volume. A snapshot's record has no capacity: its image is that of the source. */
async function findWrongSizes(pool: string, records: readonly Kept[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { id, kept, capacityBytes } of records) {
    if (kept.layout !== 'image' || capacityBytes === undefined) continue;
    const hash = id.split('-')[1] ?? '';
    const { size } = await stat(join(pool, 'volumes', hash, 'disk.img'));
    if (size !== capacityBytes) faults.push(`the image of ${id} has ${size} bytes, not ${capacityBytes}`);
  }
  return faults;
}

/** Projects with a limit or with something charged to them, by xfs_quota, that no record has. */
async function findOrphanQuotas(pool: string, records: readonly Kept[]): Promise<readonly string[]> {
  const { stdout: type } = await exec('findmnt', [
    '--noheadings',
    '--output',
    'FSTYPE,TARGET',
    '--target',
    pool,
  ]);
  const [fsType, mountPoint = ''] = type.trim().split(/\s+/);
  if (fsType !== 'xfs') return [];
  const owned = new Set(records.map(({ kept }) => kept.projectId));
  const { stdout } = await exec('xfs_quota', ['-x', '-c', 'report -p -n -N -b -i', mountPoint]);
  // #ID, then for blocks and for inodes: used, soft, hard, warnings, grace.
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([project = '', used, soft, hard]) =>
        /^#[1-9]/.test(project) && [used, soft, hard].some((n) => n !== '0'),
    )
    .filter(([project = '']) => !owned.has(Number(project.slice(1))))
    .map(
      ([project, used, , hard]) =>
        `project ${project} has ${used} KiB and a limit of ${hard} KiB, and no owner`,
    );
}

async function findDanglingClaims(pool: string): Promise<readonly string[]> {
  const root = join(pool, 'by-claim');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const links = entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
  const isDangling = await Promise.all(
    links.map((link) =>
      stat(link).then(
        () => false,
        () => true,
      ),
    ),
  );
  const dangling = links.filter((_, index) => isDangling[index]);
  return await Promise.all(
    dangling.map(async (link) => `${link} points to ${await readlink(link)}, which is gone`),
  );
}

/** Loop devices over volumes, while none is in use. */
async function findLoops(): Promise<string[]> {
  const { stdout } = await exec('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
  return stdout
    .split('\n')
    .filter((line) => line.includes('disk.img'))
    .map((line) => `still attached: ${line}`);
}
