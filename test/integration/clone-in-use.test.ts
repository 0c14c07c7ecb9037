import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bound, type Claim, createKubelet, type Kubelet, type Mounted } from '../support/kubelet.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const SIZE_BYTES = 64 * MIB;
const RECORD_BYTES = 4096;
/** They fit into the volume. */
const MOST_RECORDS = (48 * MIB) / RECORD_BYTES;

/** Somebody who writes one record after the other, each durably before the next. */
interface Writer extends AsyncDisposable {
  /** How many are on disk. */
  readonly written: number;
}

describe.skipIf(skipsRootTests())('a volume that is written all the time, cloned to another node', () => {
  const disks: ScratchFilesystem[] = [];
  let cluster: SplitCluster;
  const kubelets: Kubelet[] = [];

  beforeAll(async () => {
    const [images, trees] = [
      await makeScratchFilesystem({ type: 'xfs', sizeBytes: 2048 * MIB }),
      await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 2048 * MIB }),
    ];
    disks.push(images, trees);
    const nodes = ['node-a', 'node-b'].map((name) => ({
      name,
      pools: [
        { name: 'images', path: join(images.path, name) },
        { name: 'trees', path: join(trees.path, name) },
      ],
    }));
    for (const { pools } of nodes) for (const { path } of pools) await mkdir(path);
    cluster = await startSplitCluster({ directory: join(images.path, 'cluster'), nodes });
    const [first] = cluster.controllers;
    if (first === undefined) throw new Error('there is no controller');
    for (const { name, node } of cluster.nodes) {
      const directory = join(images.path, `pods-${name}`);
      kubelets.push(await createKubelet({ controller: first.controller, node, directory }));
    }
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    for (const disk of disks) await disk[Symbol.asyncDispose]();
  });

  const use = async (kubelet: Kubelet, bound: Bound): Promise<Mounted> => {
    const mounted = await kubelet.stage(bound);
    await kubelet.publish(mounted);
    return mounted;
  };
  const remove = async (kubelet: Kubelet, mounted: Mounted): Promise<void> => {
    await kubelet.unpublish(mounted);
    await kubelet.unstage(mounted);
    await kubelet.remove(mounted);
  };

  it.each<[string, Omit<Claim, 'sizeBytes'>]>([
    ['an image with ext4', { use: 'ext4', parameters: { pool: 'images', layout: 'image' } }],
    ['a raw block device', { use: 'block', parameters: { pool: 'images' } }],
    ['a directory', { use: '', parameters: { pool: 'trees', layout: 'directory' } }],
  ])('has everything up to one moment, and nothing after it: %s', async (_, claim) => {
    const [here, there] = kubelets;
    if (here === undefined || there === undefined) throw new Error('the cluster is not whole');
    const source = await use(here, await here.create({ ...claim, sizeBytes: SIZE_BYTES }));
    const place = claim.use === 'block' ? '' : 'records';
    {
      await using writer = await startWriting(join(source.targetPath, place));
      await expect.poll(() => writer.written).toBeGreaterThan(10);
      for (let time = 0; time < 3; time += 1) {
        const before = writer.written;
        const from = { volumeId: source.volumeId };
        const bound = await there.create({ ...claim, sizeBytes: SIZE_BYTES, from });
        const after = writer.written;

        const copy = await use(there, bound);
        const records = await readRecords(join(copy.targetPath, place));
        expect(records).toBeGreaterThanOrEqual(before);
        // One may have been under way.
        expect(records).toBeLessThanOrEqual(after + 1);
        await remove(there, copy);
      }
    }
    await remove(here, source);
  });
});

async function startWriting(path: string): Promise<Writer> {
  const file = await open(path, path.endsWith('records') ? 'w' : 'r+');
  const stop = new AbortController();
  let written = 0;
  const writing = (async () => {
    const record = Buffer.alloc(RECORD_BYTES);
    while (!stop.signal.aborted && written < MOST_RECORDS) {
      record.fill(toWords(written));
      await file.write(record, 0, record.length, written * RECORD_BYTES);
      await file.datasync();
      written += 1;
    }
  })();
  // It is told of when it is disposed.
  writing.catch(() => undefined);
  return {
    get written() {
      return written;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await using _file = file;
      await writing;
    },
  };
}

/** How many records there are. Throws when one of them is not whole, or one is missing between others. */
async function readRecords(path: string): Promise<number> {
  await using file = await open(path, 'r');
  let count = 0;
  let isOver = false;
  const record = Buffer.alloc(RECORD_BYTES);
  for (let index = 0; index < MOST_RECORDS; index += 1) {
    const { bytesRead } = await file.read(record, 0, RECORD_BYTES, index * RECORD_BYTES);
    if (bytesRead === 0) break;
    const isThere = record.equals(Buffer.alloc(RECORD_BYTES, toWords(index)));
    const isEmpty = record.every((byte) => byte === 0);
    if (isThere === isEmpty) throw new Error(`record ${index} is not whole`);
    if (isThere && isOver) throw new Error(`record ${index} is there, and one before it is not`);
    if (isThere) count += 1;
    else isOver = true;
  }
  return count;
}

function toWords(index: number): string {
  return `record ${index}\n`;
}
