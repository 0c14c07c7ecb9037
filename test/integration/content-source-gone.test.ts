import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { type Outcome, toOutcome } from '../support/csi-clients.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type NodeMember, type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const SIZE_BYTES = 256 * MIB;
const FOLDERS = ['volumes', 'snapshots', '.stowage/staging', '.stowage/trash'] as const;

describe.skipIf(skipsRootTests())(
  'a copy whose maker is killed and whose source is deleted meanwhile',
  () => {
    let disk: ScratchFilesystem;
    let cluster: SplitCluster;

    beforeAll(async () => {
      disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 2048 * MIB });
      const nodes = ['node-a', 'node-b'].map((name) => ({
        name,
        pools: [{ name: 'fast', path: join(disk.path, name) }],
      }));
      for (const { name } of nodes) await mkdir(join(disk.path, name));
      cluster = await startSplitCluster({ directory: join(disk.path, 'cluster'), nodes });
    });
    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
      await disk?.[Symbol.asyncDispose]();
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
    const ask = (name: string, node: string, volumeContentSource?: object) => {
      const place = { segments: { [TOPOLOGY_KEY]: node } };
      return {
        name,
        capacityRange: { requiredBytes: SIZE_BYTES },
        volumeCapabilities: [{ block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } as const }],
        parameters: { pool: 'fast' },
        accessibilityRequirements: { requisite: [place], preferred: [place] },
        ...(volumeContentSource === undefined ? {} : { volumeContentSource }),
      };
    };
    const toImage = (node: string, volumeId: string): string =>
      join(disk.path, node, 'volumes', parseObjectId(volumeId)?.hash ?? '', 'disk.img');

    /** Everything that a pool holds. */
    const listPool = async (node: string): Promise<readonly string[]> => {
      const lists = FOLDERS.map(async (folder) =>
        (await readdir(join(disk.path, node, folder))).map((name) => `${folder}/${name}`),
      );
      return (await Promise.all(lists)).flat();
    };
    /** Files that a program still has open although they were removed. */
    const listRemovedOpen = async ({ program }: NodeMember): Promise<readonly string[]> => {
      const directory = `/proc/${program.pid}/fd`;
      const links = (await readdir(directory)).map(
        async (name) => await readlink(join(directory, name)).catch(() => ''),
      );
      return (await Promise.all(links)).filter((to) => to.startsWith(disk.path) && to.endsWith(' (deleted)'));
    };

    it.each(['snapshot', 'volume'])(
      'is never there in part, and nothing of it is left: of a %s',
      async (kind) => {
        const [controller, from, to] = [getController(), getNode('node-a'), getNode('node-b')];
        const { volume } = await controller.CreateVolume(ask(`source-${kind}`, 'node-a'));
        const volumeId = volume?.volumeId ?? '';
        await fill(toImage('node-a', volumeId));
        const { snapshot } = await controller.CreateSnapshot({
          name: `cut-${kind}`,
          sourceVolumeId: volumeId,
        });
        const snapshotId = snapshot?.snapshotId ?? '';
        const source = kind === 'snapshot' ? { snapshot: { snapshotId } } : { volume: { volumeId } };
        const copy = ask(`copy-${kind}`, 'node-b', source);
        const making = toOutcome(controller.CreateVolume(copy));
        await expect.poll(async () => await listPool('node-b'), { interval: 1 }).toHaveLength(1);
        // In the middle: from here on nothing comes any more.
        from.program.freeze();
        expect(await listPool('node-b')).toEqual([expect.stringMatching(/^\.stowage\/staging\//)]);

        await to.program.kill();
        from.program.thaw();
        expect(await making).toMatchObject({ status: 'UNAVAILABLE' });
        await expect
          .poll(async () => await toOutcome(controller.DeleteSnapshot({ snapshotId })))
          .toMatchObject({ status: 'OK' });
        await expect
          .poll(async () => await toOutcome(controller.DeleteVolume({ volumeId })))
          .toMatchObject({ status: 'OK' });
        await to.start();

        expect(await untilAnswered(async () => await controller.CreateVolume(copy))).toMatchObject({
          status: 'NOT_FOUND',
        });
        await expect.poll(async () => await listPool('node-b')).toEqual([]);
        await expect.poll(async () => await listPool('node-a')).toEqual([]);
        await expect.poll(async () => await listRemovedOpen(from)).toEqual([]);
        expect((await controller.ListVolumes({})).entries).toEqual([]);
      },
    );
  },
);

/** Asks again while the answer is that it goes on, or that somebody is out of reach. */
async function untilAnswered(call: () => Promise<object>): Promise<Outcome> {
  for (;;) {
    const outcome = await toOutcome(call());
    if (outcome.status !== 'ABORTED' && outcome.status !== 'UNAVAILABLE') return outcome;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function fill(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const block = Buffer.alloc(4 * MIB);
  for (let offset = 0; offset < SIZE_BYTES; offset += block.length) {
    block.fill(createHash('sha512').update(String(offset)).digest());
    await file.write(block, 0, block.length, offset);
  }
  await file.sync();
}
