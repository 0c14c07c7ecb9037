import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/host/errno.ts';

const EMPTY_WITHIN_MS = 10_000;

/** What is left below a directory that should hold nothing any more. */
export interface Leftovers {
  readonly mounts: readonly string[];
  readonly loops: readonly string[];
  readonly files: readonly string[];
}

/** A loop device and the file behind it. */
export interface AttachedLoop {
  readonly device: string;
  readonly file: string;
}

/** Everything that is mounted below `directory` in this mount namespace, or attached to a file below it. */
export async function findMountsAndLoops(
  directory: string,
): Promise<{ readonly mounts: readonly string[]; readonly loops: readonly AttachedLoop[] }> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const mounts = mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mountPoint) => mountPoint.startsWith(`${directory}/`));
  const loops: AttachedLoop[] = [];
  for (const name of await readdir('/sys/block')) {
    const backing = name.startsWith('loop') ? await readIfThere(`/sys/block/${name}/loop/backing_file`) : '';
    if (backing.startsWith(`${directory}/`)) loops.push({ device: `/dev/${name}`, file: backing.trimEnd() });
  }
  return { mounts, loops };
}

/** What a pool still holds, once its background removal has had time to end. */
export async function findPoolFiles(pool: string): Promise<readonly string[]> {
  const giveUpAt = performance.now() + EMPTY_WITHIN_MS;
  while (true) {
    const files: string[] = [];
    for (const folder of ['volumes', 'snapshots', '.stowage/staging', '.stowage/trash', 'by-claim']) {
      for (const name of await listIfThere(join(pool, folder))) files.push(join(folder, name));
    }
    if (files.length === 0 || performance.now() > giveUpAt) return files;
    await sleep(20);
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO')) return '';
    throw error;
  }
}

async function listIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
