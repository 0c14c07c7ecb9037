import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import { toOutcome } from '../support/csi-clients.ts';
import { createProgramTime, type ProgramTime } from '../support/program-time.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PROGRAM = [process.execPath, resolve(import.meta.dirname, '../../src/main/cli.ts')];
const MEMBERS = ['controller-1', 'node-a', 'node-b'] as const;
type Name = (typeof MEMBERS)[number];

function say(status: string, message: RegExp): object {
  return { status, message: expect.stringMatching(message) };
}
const TICKET_IS_OLD = say('PERMISSION_DENIED', /clock here says .*clocks of controllers and nodes/);

describe.skipIf(skipsRootTests())('a cluster whose clocks are set while it runs', () => {
  let disk: ScratchFilesystem;
  let cluster: SplitCluster;
  const clocks = new Map<Name, ProgramTime>();
  let source: string;
  let count = 0;

  beforeAll(async () => {
    disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 1024 * MIB });
    for (const name of MEMBERS) clocks.set(name, await createProgramTime(join(disk.path, `time-${name}`)));
    const nodes = await Promise.all(
      (['node-a', 'node-b'] as const).map(async (name) => {
        const path = join(disk.path, name);
        await mkdir(path);
        return { name, pools: [{ name: 'fast', path }], program: wrap(name) };
      }),
    );
    cluster = await startSplitCluster({
      directory: join(disk.path, 'cluster'),
      nodes,
      controllerProgram: wrap('controller-1'),
    });
    const { volume } = await getController().CreateVolume(ask('node-a'));
    source = volume?.volumeId ?? '';
  });
  afterEach(async () => await set(0, ...MEMBERS));
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  const wrap = (name: Name): readonly string[] => clocks.get(name)?.wrap(PROGRAM) ?? PROGRAM;
  const set = async (aheadMs: number, ...names: readonly Name[]): Promise<void> => {
    await Promise.all(names.map(async (name) => await clocks.get(name)?.set(aheadMs)));
  };
  const getController = () => {
    const [first] = cluster.controllers;
    if (first === undefined) throw new Error('there is no controller');
    return first.controller;
  };
  const ask = (node: string, from?: string): CreateVolumeRequest => {
    const place = { segments: { [TOPOLOGY_KEY]: node } };
    return {
      name: `pvc-${(count += 1)}`,
      capacityRange: { requiredBytes: 16 * MIB },
      volumeCapabilities: [{ block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
      parameters: { pool: 'fast' },
      accessibilityRequirements: { requisite: [place], preferred: [place] },
      ...(from === undefined ? {} : { volumeContentSource: { volume: { volumeId: from } } }),
    };
  };
  const create = async (node: string, from?: string) =>
    await toOutcome(getController().CreateVolume(ask(node, from)));

  it.each([
    ['all of them half a day forward', 12 * HOUR_MS, MEMBERS],
    ['all of them back', -30 * MINUTE_MS, MEMBERS],
    ['those of controllers forward', 50 * MINUTE_MS, ['controller-1']],
    ['those of controllers back', -50 * MINUTE_MS, ['controller-1']],
    ['that of a source forward', 50 * MINUTE_MS, ['node-a']],
    ['that of a source back', -50 * MINUTE_MS, ['node-a']],
    ['that of a target forward', 50 * MINUTE_MS, ['node-b']],
    ['that of a target back', -50 * MINUTE_MS, ['node-b']],
  ] as const)('serves on, between nodes as well: %s', async (_, aheadMs, names) => {
    await set(aheadMs, ...names);

    expect(await create('node-a')).toMatchObject({ status: 'OK' });
    expect(await create('node-b', source)).toMatchObject({ status: 'OK' });
  });

  it.each<[string, number, Name, object]>([
    ['a source that is ahead', 2 * HOUR_MS, 'node-a', TICKET_IS_OLD],
    ['a source that is behind', -2 * HOUR_MS, 'node-a', say('UNAVAILABLE', /clocks of the two nodes agree/)],
    ['a target that is behind', -2 * HOUR_MS, 'node-b', say('UNAVAILABLE', /certificate is not yet valid/)],
    ['a controller that is behind', -2 * HOUR_MS, 'controller-1', TICKET_IS_OLD],
  ])('says that clocks differ by too much, and goes on when they do not: %s', async (...fault) => {
    const [, aheadMs, name, answer] = fault;
    await set(aheadMs, name);
    expect(await create('node-b', source)).toMatchObject(answer);

    await set(0, name);
    expect(await create('node-b', source)).toMatchObject({ status: 'OK' });
  });

  it('does without a node that was started with a wrong clock, until that is right', async () => {
    const [node] = cluster.nodes;
    await set(-2 * HOUR_MS, 'node-a');
    await node?.program.kill();
    await node?.start();

    expect(await create('node-a')).toMatchObject({ status: 'UNAVAILABLE' });
    expect(await create('node-b')).toMatchObject({ status: 'OK' });
    const refused = () => node?.program.logs().find((line) => line.includes('CERT_NOT_YET_VALID'));
    await expect
      .poll(refused)
      .toMatch(/"reason":"expired".*the clock here says|the clock here says.*"reason":"expired"/);

    await set(0, 'node-a');
    await expect.poll(async () => await create('node-a')).toMatchObject({ status: 'OK' });
  });
});
