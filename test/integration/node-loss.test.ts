import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { DriverError } from '../../src/domain/errors.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
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
const WAIT = { timeout: 40_000, interval: 200 };
/** Deleted while their node is away. */
const MANY = 25;

function ask(name: string, node: string): CreateVolumeRequest {
  const place = { segments: { [TOPOLOGY_KEY]: node } };
  return {
    name,
    capacityRange: { requiredBytes: 32 * MIB },
    volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
    parameters: { pool: 'fast', layout: 'image', preallocate: 'false' },
    accessibilityRequirements: { requisite: [place], preferred: [place] },
  };
}

/** The steps follow from one another, as they do in the life of a cluster. */
describe.skipIf(skipsRootTests())('a node that is lost, given up, and comes back', () => {
  let scratch: ScratchDirectory;
  let cluster: SplitCluster;
  let first: ControllerMember;
  let second: ControllerMember;
  let lost: NodeMember;
  let kept: string;
  let deleted: readonly string[];

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    const nodes = ['node-a', 'node-b'].map((name) => ({
      name,
      pools: [{ name: 'fast', path: join(scratch.path, name) }],
    }));
    for (const { pools } of nodes) for (const { path } of pools) await mkdir(path);
    cluster = await startSplitCluster({ directory: join(scratch.path, 'cluster'), nodes, controllers: 2 });
    const [controllerOne, controllerTwo] = cluster.controllers;
    const nodeB = cluster.nodes[1];
    if (controllerOne === undefined || controllerTwo === undefined || nodeB === undefined) {
      throw new Error('the cluster is not whole');
    }
    [first, second, lost] = [controllerOne, controllerTwo, nodeB];
    const make = async (name: string): Promise<string> =>
      (await first.controller.CreateVolume(ask(name, 'node-b'))).volume?.volumeId ?? '';
    kept = await make('kept');
    deleted = await Promise.all(Array.from({ length: MANY }, async (_, index) => await make(`v${index}`)));
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  const stowage = async (...argv: readonly string[]): Promise<string> => {
    const { stdout } = await exec(process.execPath, [CLI, ...argv, '--config', first.configPath]);
    return stdout;
  };
  const remove = async (by: ControllerMember, volumeId: string): Promise<string> =>
    await by.controller.DeleteVolume({ volumeId }, { deadlineMs: 30_000 }).then(
      () => 'deleted',
      (error: unknown) => (error instanceof DriverError ? error.code : String(error)),
    );
  const restart = async (...members: readonly ControllerMember[]): Promise<void> => {
    await Promise.all(members.map(async ({ program }) => await program.kill()));
    await Promise.all(members.map(async (member) => await member.start()));
  };

  it('has volumes out of reach, also for controllers that were started after', async () => {
    await lost.program.kill();
    await restart(second);

    for (const controller of [first, second]) {
      await expect
        .poll(async () => await remove(controller, deleted[0] ?? ''), WAIT)
        .toBe('POOL_UNAVAILABLE');
      await expect(controller.controller.ListVolumes({})).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    }
  });

  it('is forgotten only by force while it was alive just now', async () => {
    await expect(stowage('nodes', 'forget', 'node-b', '--yes')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Node node-b is alive'),
    });
    expect(await stowage('nodes', 'forget', 'node-b', '--force')).toContain('Nothing is done yet');
    expect(await stowage('nodes', 'forget', 'node-b', '--force', '--yes')).toMatch(/Done\.\n$/);
    expect(await stowage('pools')).toMatch(/fast +node-b +[a-z2-7]{8} +Forgotten /);
  });

  it('has volumes that can be deleted and are gone from lists, at every controller', async () => {
    for (const [index, id] of deleted.entries()) {
      const controller = index % 2 === 0 ? first : second;
      await expect.poll(async () => await remove(controller, id), WAIT).toBe('deleted');
    }
    for (const controller of [first, second]) {
      await expect
        .poll(async () => (await controller.controller.ListVolumes({})).entries.length, WAIT)
        .toBe(0);
      await expect(controller.controller.CreateVolume(ask('more', 'node-b'))).rejects.toMatchObject({
        code: 'NO_ROOM',
      });
    }
  });

  it('is cleaned of them before it is used again, although all controllers are killed over it', async () => {
    await restart(first, second);
    await lost.start();
    for (const waitMs of [300, 100, 700]) {
      await new Promise((wake) => setTimeout(wake, waitMs));
      await restart(first, second);
    }

    const list = async (controller: ControllerMember): Promise<readonly string[]> => {
      const { entries } = await controller.controller.ListVolumes({});
      return entries.map(({ volume }) => volume?.volumeId ?? '');
    };
    for (const controller of [first, second]) {
      await expect.poll(async () => await list(controller).catch(String), WAIT).toEqual([kept]);
    }
    expect(await readdir(join(scratch.path, 'node-b', 'volumes'))).toHaveLength(1);
    expect(await stowage('pools')).toMatch(/fast +node-b +[a-z2-7]{8} +Open /);
    const { volume } = await first.controller.CreateVolume(ask('again', 'node-b'));
    expect(volume?.accessibleTopology[0]?.segments[TOPOLOGY_KEY]).toBe('node-b');
  });
});
