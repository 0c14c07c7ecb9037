import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../src/host/errno.ts';
import { listLoopsBelow, listMountPointsBelow } from '../../test/support/scratch.ts';

const EMPTY_WITHIN_MS = 10_000;
const POOL_FOLDERS = ['volumes', 'snapshots', '.stowage/staging', '.stowage/trash', 'by-claim'];

/** What is left where nothing should be. */
export interface Leftovers {
  readonly mounts: readonly string[];
  readonly loops: readonly string[];
  readonly files: readonly string[];
}

/** What a pool still holds once its background removal has had time to end, and what is mounted below the pods' directory. */
export async function findLeftovers(pool: string, pods: string): Promise<Leftovers> {
  const files = await untilEmpty(() => listPoolFiles(pool));
  return { mounts: await listMountPointsBelow(pods), loops: await listLoopsBelow(pool), files };
}

async function untilEmpty(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const giveUpAt = performance.now() + EMPTY_WITHIN_MS;
  while (true) {
    const found = await list();
    if (found.length === 0 || performance.now() > giveUpAt) return found;
    await sleep(20);
  }
}

async function listPoolFiles(pool: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of POOL_FOLDERS) {
    for (const name of await listIfThere(join(pool, folder))) files.push(join(folder, name));
  }
  return files;
}

async function listIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
