import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { toOutcome } from '../support/csi-clients.ts';
import { type Claim, createKubelet, type Kubelet } from '../support/kubelet.ts';
import { createProgramTime, type ProgramTime } from '../support/program-time.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import {
  type ControllerMember,
  type NodeMember,
  type SplitCluster,
  startSplitCluster,
} from '../support/split-cluster.ts';

const exec = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');
const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
const CLAIM: Claim = { sizeBytes: 32 * MIB, use: 'ext4', parameters: { pool: 'fast', layout: 'image' } };

/** Where programs keep what they have to remember, each on a disk of its own. */
const PLACES = { registry: 'cluster', state: 'nodes/node-a/state', run: 'nodes/node-a/run' } as const;

/** The steps follow from one another. */
describe.skipIf(skipsRootTests())('programs whose disks for what they note are full', () => {
  let disk: ScratchFilesystem;
  let cluster: SplitCluster;
  let controller: ControllerMember;
  let node: NodeMember;
  let kubelet: Kubelet;
  let time: ProgramTime;

  beforeAll(async () => {
    disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 1024 * MIB });
    for (const place of Object.values(PLACES)) {
      const path = join(disk.path, 'cluster', place);
      await mkdir(path, { recursive: true });
      await exec('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]);
    }
    const path = join(disk.path, 'pool');
    await mkdir(path);
    time = await createProgramTime(join(disk.path, 'time'));
    const program = time.wrap([process.execPath, CLI]);
    const nodes = [{ name: 'node-a', pools: [{ name: 'fast', path }], program }];
    cluster = await startSplitCluster({ directory: join(disk.path, 'cluster'), nodes });
    const [first] = cluster.controllers;
    const [nodeA] = cluster.nodes;
    if (first === undefined || nodeA === undefined) throw new Error('the cluster is not whole');
    [controller, node] = [first, nodeA];
    kubelet = await createKubelet({ ...first, node: nodeA.node, directory: join(disk.path, 'pods') });
  });
  afterEach(async () => {
    for (const place of Object.values(PLACES)) await free(place);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  const toFiller = (place: string): string => join(disk.path, 'cluster', place, 'filler');
  const fill = async (place: string): Promise<void> => {
    await using file = await open(toFiller(place), 'wx');
    for (let size = 64 * 1024; size >= 1; ) {
      try {
        await file.write(Buffer.alloc(size, 1), 0, size);
      } catch {
        size /= 2;
      }
    }
  };
  const free = async (place: string): Promise<void> => await rm(toFiller(place), { force: true });
  const create = async () => await toOutcome(kubelet.create(CLAIM));
  const forget = async (): Promise<string> => {
    const argv = [CLI, 'nodes', 'forget', 'node-a', '--force', '--yes', '--config', controller.configPath];
    return await exec(process.execPath, argv).then(
      ({ stdout }) => stdout,
      ({ stderr }: { readonly stderr: string }) => stderr,
    );
  };

  it('a node freezes nothing of which it cannot note that, and says where there is no room', async () => {
    const mounted = await kubelet.stage(await kubelet.create(CLAIM));
    await fill(PLACES.run);
    const cut = async () => await toOutcome(kubelet.snapshot(mounted.volumeId).then((id) => ({ id })));

    expect(await cut()).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining(join(disk.path, 'cluster', PLACES.run)),
    });
    await exec('touch', [join(mounted.stagingPath, 'not-frozen')]);

    await free(PLACES.run);
    const { status, response } = await cut();
    expect(status).toBe('OK');
    await kubelet.removeSnapshot(String(response['id']));
    await kubelet.unstage(mounted);
    await kubelet.remove(mounted);
  });

  it('a node opens the pools that it knows, although it cannot note that', async () => {
    await node.program.kill();
    // Later than it has to be noted.
    await time.set(HOUR_MS / 2);
    await fill(PLACES.state);
    await node.start();

    await expect.poll(create).toMatchObject({ status: 'OK' });
    expect(node.program.logs().filter((line) => line.includes('disk is full'))).toHaveLength(1);
  });

  it('a controller serves on what it knows, gives nothing up that it cannot note, and says why', async () => {
    const { volumeId } = await kubelet.create(CLAIM);
    await fill(PLACES.registry);
    await controller.program.kill();
    await controller.start();
    await expect.poll(create).toMatchObject({ status: 'OK' });
    const { entries } = await controller.controller.ListVolumes({});
    const sentence = /registry of pools .* cannot be written: its disk is full/;

    await node.program.kill();
    expect(await forget()).toMatch(sentence);
    await free(PLACES.registry);
    expect(await forget()).toMatch(/Done\.\n$/);
    await fill(PLACES.registry);
    const remove = async () => await toOutcome(controller.controller.DeleteVolume({ volumeId }));
    await expect
      .poll(remove)
      .toMatchObject({ status: 'UNAVAILABLE', message: expect.stringMatching(sentence) });
    await free(PLACES.registry);
    expect(await remove()).toMatchObject({ status: 'OK' });

    await node.start();
    const left = entries.map(({ volume }) => volume?.volumeId).filter((id) => id !== volumeId);
    const list = async () =>
      (await controller.controller.ListVolumes({})).entries.map(({ volume }) => volume?.volumeId);
    await expect.poll(async () => await list().catch(String)).toEqual(left);
  });
});
