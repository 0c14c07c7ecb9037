import { createHash } from 'node:crypto';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { type ContentSuite, describeContentBetweenStores } from '../contract/content-between-stores.ts';
import { MiB } from '../contract/file-store.ts';
import { makeLocalStore } from '../contract/file-store-local.ts';
import { openTlsWay } from '../support/content-way.ts';
import { describeTree, makeOddTree } from '../support/odd-tree.ts';
import { type ScratchType, skipsRootTests } from '../support/scratch.ts';

const SIZE = 1024 * MiB;

const directories: Pick<ContentSuite, 'write' | 'describe'> = {
  async write(path) {
    await makeOddTree(path);
    await writeFile(join(path, 'large'), noise(6 * MiB), { flush: true });
  },
  describe: describeTree,
};

const images: Pick<ContentSuite, 'write' | 'describe'> = {
  async write(path) {
    await using file = await open(path, 'r+');
    // Data, zeros that were written, holes; at the edges of pieces and across them.
    await file.write(noise(3 * MiB), 0, 3 * MiB, 5 * MiB - 4096);
    await file.write(Buffer.alloc(2 * MiB), 0, 2 * MiB, 20 * MiB);
    await file.write(noise(4096), 0, 4096, 30 * MiB);
    await file.write(noise(MiB), 0, MiB, 62 * MiB);
    await file.write(noise(4096), 0, 4096, 64 * MiB - 4096);
    await file.sync();
  },
  async describe(path) {
    const data = (await readFile(path)).subarray(0, 64 * MiB);
    return `${createHash('sha256').update(data).digest('hex')}, sparse: ${(await stat(path)).blocks * 512 < 16 * MiB}`;
  },
};

function noise(length: number): Buffer {
  return Buffer.alloc(length, createHash('sha512').update(String(length)).digest());
}

function describePair(
  pair: readonly [ScratchType, ScratchType],
  kind: Omit<ContentSuite, 'createSource' | 'createTarget'>,
): void {
  const [source, target] = pair;
  describeContentBetweenStores({
    ...kind,
    name: `${kind.name}, ${source} to ${target}`,
    createSource: () => makeLocalStore({ type: source, sizeBytes: SIZE }),
    createTarget: (options) => makeLocalStore({ type: target, sizeBytes: SIZE }, options),
  });
}

describe.skipIf(skipsRootTests())('local stores', () => {
  const limited = { name: 'directories', request: { layout: 'directory' }, ...directories } as const;
  const unlimited = {
    name: 'directories without quota',
    request: { layout: 'directory', quota: 'none' },
    ...directories,
  } as const;
  const mounted = { name: 'images', request: { layout: 'image', fsType: 'ext4' }, ...images } as const;
  const raw = { name: 'raw images', request: { accessType: 'block' }, ...images } as const;

  describePair(['btrfs', 'btrfs'], { ...limited, name: 'directories over TLS', openWay: openTlsWay });
  describePair(['btrfs', 'xfs'], { ...mounted, name: 'images over TLS', openWay: openTlsWay });
  describePair(['btrfs', 'btrfs'], limited);
  describePair(['xfs', 'ext4'], unlimited);
  describePair(['xfs', 'btrfs'], mounted);
  describePair(['btrfs', 'xfs'], mounted);
  describePair(['ext4', 'xfs'], raw);
  describePair(['xfs', 'ext4'], raw);
});
