import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubelet, type Kubelet } from '../support/kubelet.ts';
import { makeScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

const MIB = 2 ** 20;

describe.skipIf(skipsRootTests())('a copy in another pool of the same machine', () => {
  const stack = new AsyncDisposableStack();
  let kubelet: Kubelet;
  beforeAll(async () => {
    const pools = [];
    const paths = [];
    for (const [name, type] of [
      ['btrfs', 'btrfs'],
      ['other', 'btrfs'],
      ['xfs', 'xfs'],
    ] as const) {
      const { path } = stack.use(await makeScratchFilesystem({ type, sizeBytes: 1024 * MIB }));
      paths.push(path);
      await mkdir(join(path, 'pool'));
      pools.push({ name, path: join(path, 'pool') });
    }
    const directory = join(paths[0] ?? '', 'server');
    const server = stack.use(await startServer({ directory, pools }));
    kubelet = await createKubelet({ ...server, directory: join(directory, 'pods') });
  });
  afterAll(async () => await stack.disposeAsync());

  const mounted = async <T>(
    bound: Awaited<ReturnType<Kubelet['create']>>,
    work: (path: string) => Promise<T>,
  ): Promise<T> => {
    const use = await kubelet.stage(bound);
    await kubelet.publish(use);
    const result = await work(use.targetPath);
    await kubelet.unpublish(use);
    await kubelet.unstage(use);
    return result;
  };

  it.each([
    ['a directory', '', { pool: 'btrfs', layout: 'directory' }, { pool: 'other' }],
    ['an image with a file system', 'ext4', { pool: 'btrfs', layout: 'image' }, { pool: 'xfs' }],
  ] as const)('%s has the content of its source, snapshot or volume', async (_, use, here, there) => {
    const sizeBytes = 64 * MIB;
    const source = await kubelet.create({ sizeBytes, parameters: here, use });
    await mounted(source, (path) => writeFile(join(path, 'file'), 'content', { flush: true }));
    const snapshotId = await kubelet.snapshot(source.volumeId);
    const fromSnapshot = await kubelet.create({ sizeBytes, parameters: there, use, from: { snapshotId } });
    const fromVolume = await kubelet.create({
      sizeBytes,
      parameters: there,
      use,
      from: { volumeId: source.volumeId },
    });

    for (const copy of [fromSnapshot, fromVolume]) {
      expect(await mounted(copy, (path) => readFile(join(path, 'file'), 'utf8'))).toBe('content');
      await kubelet.remove(copy);
    }
    await kubelet.removeSnapshot(snapshotId);
    await kubelet.remove(source);
  });

  it('of a directory is left to other places, with a sentence, where directories cannot be limited', async () => {
    const claim = { sizeBytes: 16 * MIB, use: '' } as const;
    const source = await kubelet.create({ ...claim, parameters: { pool: 'btrfs', layout: 'directory' } });

    await expect(
      kubelet.create({ ...claim, parameters: { pool: 'xfs' }, from: { volumeId: source.volumeId } }),
    ).rejects.toMatchObject({
      code: 'NO_ROOM',
      message: expect.stringMatching(/pool xfs .* cannot limit directories.* anywhere with quota: none/),
    });

    await kubelet.remove(source);
  });
});
