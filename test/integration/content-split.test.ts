import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { isDriverError } from '../../src/domain/errors.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type NodeMember, type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const SIZE_BYTES = 1024 * MIB;
const NODES = ['node-a', 'node-b'] as const;

describe.skipIf(skipsRootTests())('a restore on another node', () => {
  const disks: ScratchFilesystem[] = [];
  let cluster: SplitCluster;
  let snapshotId: string;
  let sum: string;

  beforeAll(async () => {
    for (const _ of NODES)
      disks.push(await makeScratchFilesystem({ type: 'xfs', sizeBytes: 5 * SIZE_BYTES }));
    const nodes = await Promise.all(
      NODES.map(async (name, index) => {
        const path = join(disks[index]?.path ?? '', 'pool');
        await mkdir(path);
        return { name, pools: [{ name: 'fast', path }] };
      }),
    );
    const directory = join(disks[0]?.path ?? '', 'cluster');
    cluster = await startSplitCluster({ directory, nodes });
    const source = await create(ask('source', 'node-a'));
    await fill(toImage('node-a', source));
    sum = await hash(toImage('node-a', source));
    const { snapshot } = await getController().CreateSnapshot({ name: 'cut', sourceVolumeId: source });
    snapshotId = snapshot?.snapshotId ?? '';
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    for (const disk of disks) await disk[Symbol.asyncDispose]();
  });

  const getController = () => {
    const [first] = cluster.controllers;
    if (first === undefined) throw new Error('there is no controller');
    return first.controller;
  };
  const getNode = (name: string): NodeMember => {
    const node = cluster.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  };
  const toImage = (node: (typeof NODES)[number], volumeId: string): string =>
    join(
      disks[NODES.indexOf(node)]?.path ?? '',
      'pool/volumes',
      parseObjectId(volumeId)?.hash ?? '',
      'disk.img',
    );
  const ask = (name: string, node: string): CreateVolumeRequest => {
    const place = { segments: { [TOPOLOGY_KEY]: node } };
    return {
      name,
      capacityRange: { requiredBytes: SIZE_BYTES },
      volumeCapabilities: [{ block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
      parameters: { pool: 'fast' },
      accessibilityRequirements: { requisite: [place], preferred: [place] },
    };
  };
  const restoring = (name: string, node: string): CreateVolumeRequest => ({
    ...ask(name, node),
    volumeContentSource: { snapshot: { snapshotId } },
  });

  /** As a sidecar does. */
  async function create(request: CreateVolumeRequest): Promise<string> {
    for (;;) {
      try {
        const { volume } = await getController().CreateVolume(request);
        return volume?.volumeId ?? '';
      } catch (error) {
        if (!isDriverError(error, 'OPERATION_PENDING') && !isDriverError(error, 'POOL_UNAVAILABLE'))
          throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Waits until something arrives at a node. */
  async function untilCopying(node: (typeof NODES)[number]): Promise<void> {
    const staging = join(disks[NODES.indexOf(node)]?.path ?? '', 'pool/.stowage/staging');
    await expect
      .poll(
        async () => {
          const [name] = await readdir(staging);
          if (name === undefined) return 0;
          return await open(join(staging, name, 'disk.img')).then(
            async (file) => {
              await using image = file;
              return (await image.stat()).blocks;
            },
            () => 0,
          );
        },
        { interval: 1 },
      )
      .toBeGreaterThan(0);
  }

  it('has the content of the snapshot', async () => {
    const id = await create(restoring('restored', 'node-b'));

    expect(await hash(toImage('node-b', id))).toBe(sum);
    await getController().DeleteVolume({ volumeId: id });
  });

  it('goes on when the agent that has the source is killed and comes back', async () => {
    const source = getNode('node-a');
    const made = create(restoring('outlived', 'node-b'));
    await untilCopying('node-b');

    await source.program.kill();
    await source.start();

    const id = await made;
    expect(await hash(toImage('node-b', id))).toBe(sum);
    const handedOut = source.program.logs().filter((line) => line.includes('Content is handed out'));
    expect(handedOut.length).toBeGreaterThan(0);
    for (const line of handedOut) expect(line).toMatch(/"from":[1-9]/);
    await getController().DeleteVolume({ volumeId: id });
  });

  it('begins again when the agent that makes it is killed, and leaves nothing half', async () => {
    const target = getNode('node-b');
    const made = create(restoring('begun-again', 'node-b'));
    await untilCopying('node-b');

    await target.program.kill();
    expect(await readdir(join(disks[1]?.path ?? '', 'pool/volumes'))).toEqual([]);
    await target.start();

    const id = await made;
    expect(await hash(toImage('node-b', id))).toBe(sum);
    expect(await readdir(join(disks[1]?.path ?? '', 'pool/.stowage/staging'))).toEqual([]);
    await getController().DeleteVolume({ volumeId: id });
  });
});

/** More than fits into the buffers on the way. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const block = Buffer.alloc(4 * MIB);
  for (let index = 0; index < 128; index += 1) {
    block.fill(createHash('sha512').update(String(index)).digest());
    await file.write(block, 0, block.length, index * 8 * MIB);
  }
  await file.sync();
}

async function hash(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
