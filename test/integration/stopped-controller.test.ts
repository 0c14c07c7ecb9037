import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { type Outcome, toOutcome } from '../support/csi-clients.ts';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';
import {
  type ControllerMember,
  type NodeMember,
  type SplitCluster,
  startSplitCluster,
} from '../support/split-cluster.ts';

const exec = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');
const MIB = 2 ** 20;

/** The steps follow from one another. What the one controller does while the other is stopped, the other has to find out. */
describe.skipIf(skipsRootTests())('a controller that is stopped while another one goes on', () => {
  let scratch: ScratchDirectory;
  let cluster: SplitCluster;
  let stopped: ControllerMember;
  let awake: ControllerMember;
  let lost: NodeMember;
  let kept: string;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    const nodes = ['node-a', 'node-b'].map((name) => ({
      name,
      pools: [{ name: 'fast', path: join(scratch.path, name) }],
    }));
    for (const { name } of nodes) await mkdir(join(scratch.path, name));
    cluster = await startSplitCluster({ directory: join(scratch.path, 'cluster'), nodes, controllers: 2 });
    const [first, second] = cluster.controllers;
    const [, nodeB] = cluster.nodes;
    if (first === undefined || second === undefined || nodeB === undefined) {
      throw new Error('the cluster is not whole');
    }
    [stopped, awake, lost] = [first, second, nodeB];
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  const whileStopped = async (work: () => Promise<void>): Promise<void> => {
    stopped.program.freeze();
    try {
      await work();
    } finally {
      stopped.program.thaw();
    }
  };
  const create = async ({ controller }: ControllerMember, name: string, node: string): Promise<Outcome> => {
    const place = { segments: { [TOPOLOGY_KEY]: node } };
    return await toOutcome(
      controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: 16 * MIB },
        volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
        parameters: { pool: 'fast', layout: 'image', preallocate: 'false' },
        accessibilityRequirements: { requisite: [place], preferred: [place] },
      }),
    );
  };
  const make = async (member: ControllerMember, name: string, node: string): Promise<string> => {
    const { response, ...outcome } = await create(member, name, node);
    expect(outcome).toMatchObject({ status: 'OK' });
    return (response['volume'] as { readonly volumeId: string }).volumeId;
  };
  const remove = async ({ controller }: ControllerMember, volumeId: string): Promise<string> =>
    (await toOutcome(controller.DeleteVolume({ volumeId }))).status;
  const list = async ({ controller }: ControllerMember): Promise<unknown> => {
    const { status, response } = await toOutcome(controller.ListVolumes({}));
    if (status !== 'OK') return status;
    const entries = response['entries'] as readonly { readonly volume: { readonly volumeId: string } }[];
    return entries.map(({ volume }) => volume.volumeId).toSorted();
  };
  const toImage = (node: string, id: string): string =>
    join(scratch.path, node, 'volumes', parseObjectId(id)?.hash ?? '', 'disk.img');
  const write = async (node: string, id: string): Promise<void> =>
    await writeFile(toImage(node, id), id, { flag: 'r+', flush: true });
  const read = async (node: string, id: string): Promise<string> =>
    (await readFile(toImage(node, id))).toString('utf8', 0, id.length);
  const stowage = async (...argv: readonly string[]): Promise<string> =>
    (await exec(process.execPath, [CLI, ...argv, '--config', awake.configPath])).stdout;

  it('finds what was made, and does not make it again; nor finds what was deleted', async () => {
    const old = await make(stopped, 'old', 'node-a');
    let made = '';
    await whileStopped(async () => {
      made = await make(awake, 'made', 'node-a');
      await write('node-a', made);
      expect(await remove(awake, old)).toBe('OK');
    });

    expect(await make(stopped, 'made', 'node-a')).toBe(made);
    expect(await remove(stopped, old)).toBe('OK');
    const anew = await make(stopped, 'old', 'node-a');
    expect(anew).not.toBe(old);
    expect(await remove(stopped, old)).toBe('OK');
    for (const member of [stopped, awake]) expect(await list(member)).toEqual([anew, made].toSorted());
    expect(await read('node-a', made)).toBe(made);
    for (const id of [anew, made]) expect(await remove(stopped, id)).toBe('OK');
  });

  it('does with calls that were waiting for it what they say, once', async () => {
    const calls: Promise<Outcome>[] = [];
    await whileStopped(async () => {
      calls.push(create(stopped, 'twice', 'node-a'), create(stopped, 'twice', 'node-a'));
      calls.push(create(awake, 'twice', 'node-a'));
      await calls[2];
    });

    const ids = (await Promise.all(calls)).map(({ response }) => response['volume']);
    expect(ids[0]).toEqual(ids[2]);
    expect(ids[1]).toEqual(ids[2]);
    expect(await list(stopped)).toHaveLength(1);
    expect(await remove(stopped, (ids[0] as { readonly volumeId: string }).volumeId)).toBe('OK');
  });

  it('learns that a node was given up, and deletes nothing that it may not, nor keeps what was deleted', async () => {
    kept = await make(stopped, 'kept', 'node-b');
    await write('node-b', kept);
    const deleted = [await make(stopped, 'one', 'node-b'), await make(stopped, 'two', 'node-b')];
    await whileStopped(async () => {
      await lost.program.kill();
      await stowage('nodes', 'forget', 'node-b', '--force', '--yes');
      await expect.poll(async () => await remove(awake, deleted[0] ?? '')).toBe('OK');
    });

    await expect.poll(async () => await remove(stopped, deleted[1] ?? '')).toBe('OK');
    for (const member of [stopped, awake]) await expect.poll(async () => await list(member)).toEqual([]);
    await expect
      .poll(async () => (await create(stopped, 'more', 'node-b')).status)
      .toBe('RESOURCE_EXHAUSTED');
  });

  it('learns that the node is back, and makes nothing for a second time that was made there', async () => {
    let made = '';
    await whileStopped(async () => {
      await lost.start();
      await expect.poll(async () => await list(awake)).toEqual([kept]);
      made = await make(awake, 'made', 'node-b');
      await write('node-b', made);
    });

    const answers = new Set<unknown>();
    await expect
      .poll(async () => {
        const { status, response } = await create(stopped, 'made', 'node-b');
        if (status !== 'OK') return status;
        const { volumeId } = response['volume'] as { readonly volumeId: string };
        answers.add(volumeId);
        return status;
      })
      .toBe('OK');
    expect([...answers]).toEqual([made]);
    for (const member of [stopped, awake]) {
      await expect.poll(async () => await list(member)).toEqual([kept, made].toSorted());
    }
    expect(await readdir(join(scratch.path, 'node-b', 'volumes'))).toHaveLength(2);
    for (const id of [kept, made]) expect(await read('node-b', id)).toBe(id);
  });
});
