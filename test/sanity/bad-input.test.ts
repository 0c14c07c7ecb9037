import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { describeBadInput, type DisposableTarget } from '../support/csi-bad-input.ts';
import {
  listMountPointsBelow,
  makeScratchDirectory,
  makeScratchFilesystem,
  skipsRootTests,
} from '../support/scratch.ts';
import { type PoolConfig, startServer } from '../support/server.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe.skipIf(skipsRootTests())('the real server', () => {
  describeBadInput('directories on btrfs', async () => {
    const disk = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 4 * GIB });
    const path = join(disk.path, 'pool');
    await mkdir(path);
    return await makeTarget({ disk, around: disk.path, pool: { name: 'main', path }, layout: 'directory' });
  });

  describeBadInput('images on xfs', async () => {
    const disk = await makeScratchDirectory();
    const backing = { type: 'file', path: join(disk.path, 'pool.img'), size: 8 * GIB, sparse: true };
    const pool = { name: 'main', path: join(disk.path, 'pool'), backing };
    return await makeTarget({ disk, around: disk.path, pool, layout: 'image' });
  });
});

interface TargetOptions {
  readonly disk: AsyncDisposable;
  /** The directory that the pool is in. */
  readonly around: string;
  readonly pool: PoolConfig;
  readonly layout: 'directory' | 'image';
}

/** A server whose pool has neighbours: files beside it that no request may reach. */
async function makeTarget({ disk, around, pool, layout }: TargetOptions): Promise<DisposableTarget> {
  const scratch = await makeScratchDirectory();
  const neighbours = [join(around, 'neighbour'), join(scratch.path, 'neighbour')];
  for (const neighbour of neighbours) {
    await mkdir(join(neighbour, 'inside'), { recursive: true });
    await writeFile(join(neighbour, 'inside', 'file'), 'not yours\n');
  }
  const server = await startServer({ directory: join(scratch.path, 'server'), pools: [pool] });
  const directory = join(scratch.path, 'kubelet');
  await mkdir(directory);
  const look = async (): Promise<readonly string[]> => [
    ...(await Promise.all(neighbours.map((neighbour) => describeTree(neighbour)))).flat(),
    `beside the pool: ${(await readdir(around)).sort().join(' ')}`,
    `beside the server: ${(await readdir(scratch.path)).sort().join(' ')}`,
    `mounts: ${(await listMountPointsBelow('/'))
      .filter((point) => !point.startsWith(directory))
      .sort()
      .join(' ')}`,
  ];
  const before = (await look()).join('\n');
  return {
    clients: server,
    directory,
    parameters: { pool: pool.name, layout },
    sizeBytes: 64 * MIB,
    outsidePath: join(scratch.path, 'neighbour', 'inside', 'file'),
    async verifyUntouched() {
      const after = (await look()).join('\n');
      if (after !== before)
        throw new Error(`Something outside of the pool changed.\n${before}\n-- is now --\n${after}`);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
      await disk[Symbol.asyncDispose]();
    },
  };
}

/** Names, kinds, owners, modes, times and contents of everything below a directory, itself included. */
async function describeTree(root: string): Promise<readonly string[]> {
  const names = ['', ...(await readdir(root, { recursive: true }))].sort();
  return await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const { mode, uid, gid, mtimeMs, ino } = await lstat(path);
      const content = name.endsWith('file') ? await readFile(path, 'utf8') : '';
      return [path, mode, uid, gid, mtimeMs, ino, content].join(' ');
    }),
  );
}
