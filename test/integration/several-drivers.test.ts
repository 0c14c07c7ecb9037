import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostpathConfig } from '../../src/backends/hostpath/config.ts';
import { isDriverError } from '../../src/domain/errors.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import { startAgent } from '../../src/main/agent.ts';
import { startAllInOne } from '../../src/main/all-in-one.ts';
import { startController } from '../../src/main/controller.ts';
import type { CreateControllerDriver } from '../../src/main/drivers/controller-driver.ts';
import { createHostpathControllerDriver } from '../../src/main/drivers/hostpath-controller.ts';
import { hostpathLocal } from '../../src/main/drivers/hostpath-local.ts';
import type { LocalDriverDeps, LocalDriverEntry } from '../../src/main/drivers/local-driver.ts';
import { startNode } from '../../src/main/node.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { findFreePort } from '../support/free-port.ts';
import { type ProgramInProcess, startInProcess } from '../support/programs-in-process.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { createTlsFilesAuthority } from '../support/tls-files.ts';

const MIB = 2 ** 20;
const types = loadCsiServiceTypes();

/** What the second driver is told, which is host-path under another name: its own section in the place of the first one's. */
function withSection<D extends Pick<LocalDriverDeps, 'options'>>(deps: D, section: object): D {
  const { options } = deps;
  const drivers = { hostpath: HostpathConfig.parse(section) };
  return { ...deps, options: { ...options, config: { ...options.config, drivers } } };
}

function createSecondController(section: object): CreateControllerDriver {
  return (deps) => createHostpathControllerDriver(withSection(deps, section));
}

function createSecondLocal(section: object): LocalDriverEntry {
  return {
    createNode: (deps) => hostpathLocal.createNode(withSection(deps, section)),
    createAllInOne: (deps) => hostpathLocal.createAllInOne(withSection(deps, section)),
    createAgent: (deps) => {
      const local = hostpathLocal.createNode(withSection(deps, section));
      return local === undefined ? undefined : { pools: local.pools };
    },
  };
}

function ask(name: string, changes: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest {
  return {
    name,
    capacityRange: { requiredBytes: 16 * MIB },
    volumeCapabilities: [{ block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
    parameters: { pool: 'fast' },
    ...changes,
  };
}

/** As a sidecar does: what is only so for now is asked for again. */
async function untilSaid<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isPassing = isDriverError(error, 'OPERATION_PENDING') || isDriverError(error, 'POOL_UNAVAILABLE');
      if (!isPassing || performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}

async function create(
  controller: RpcClient<ControllerDefinition>,
  request: CreateVolumeRequest,
): Promise<string> {
  const { volume } = await untilSaid(async () => await controller.CreateVolume(request));
  return volume?.volumeId ?? '';
}

async function list(controller: RpcClient<ControllerDefinition>): Promise<readonly string[]> {
  const { entries } = await untilSaid(async () => await controller.ListVolumes({}));
  return entries.map(({ volume }) => volume?.volumeId ?? '');
}

describe.skipIf(skipsRootTests())('two drivers', () => {
  let disk: ScratchFilesystem;
  beforeAll(async () => {
    disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 1024 * MIB });
  });
  afterAll(async () => await disk?.[Symbol.asyncDispose]());

  /** Sockets and pools of both drivers below a new directory, and their clients. */
  async function prepare(name: string) {
    const directory = join(disk.path, name);
    const toSection = async (driver: string) => {
      const path = join(directory, driver, 'pool');
      await mkdir(path, { recursive: true });
      const toEndpoint = (half: string): string => `unix://${join(directory, driver, half, 'csi.sock')}`;
      return {
        driverName: `${driver}.example`,
        controllerEndpoint: toEndpoint('c'),
        nodeEndpoint: toEndpoint('n'),
        pools: [{ name: 'fast', path }],
      };
    };
    const [one, two] = [await toSection('one'), await toSection('two')];
    return { directory, one, two };
  }

  type Prepared = Awaited<ReturnType<typeof prepare>>;

  /** What has to hold wherever the halves run: each driver has its own volumes, names included, and takes content from the other. */
  async function expectBoth({ one, two }: Prepared): Promise<void> {
    using first = createClient(types.Controller, one.controllerEndpoint);
    using second = createClient(types.Controller, two.controllerEndpoint);
    const [a, b] = [await create(first, ask('v')), await create(second, ask('v'))];
    expect(a).not.toBe(b);
    expect(await list(first)).toEqual([a]);
    expect(await list(second)).toEqual([b]);
    for (const { driverName, controllerEndpoint, nodeEndpoint } of [one, two]) {
      for (const endpoint of [controllerEndpoint, nodeEndpoint]) {
        using identity = createClient(types.Identity, endpoint);
        expect(await identity.GetPluginInfo({})).toMatchObject({ name: driverName });
      }
    }

    const cut = { name: 's', sourceVolumeId: a };
    const { snapshot } = await untilSaid(async () => await first.CreateSnapshot(cut));
    const snapshotId = snapshot?.snapshotId ?? '';
    const copy = await create(second, ask('copy', { volumeContentSource: { snapshot: { snapshotId } } }));

    expect((await list(second)).toSorted()).toEqual([b, copy].toSorted());
    // What is another driver's is unknown to this one, and stays.
    await untilSaid(async () => await second.DeleteVolume({ volumeId: a }));
    expect(await list(first)).toEqual([a]);
  }

  it('live in one program', async () => {
    const prepared = await prepare('all');
    const { directory, one, two } = prepared;
    const entries = [hostpathLocal, createSecondLocal(two)];
    await using all = await startInProcess(directory, { drivers: { hostpath: one } }, async (...program) => {
      await startAllInOne(...program, entries);
    });

    await expectBoth(prepared);
    expect(all.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('share the agents of the nodes, and a server that offers pools of one of them alone', async () => {
    const prepared = await prepare('split');
    const { directory, one, two } = prepared;
    const authority = await createTlsFilesAuthority();
    await authority.write(join(directory, 'tls/agent'), AGENT_TLS_NAME);
    await authority.write(join(directory, 'tls/controller'), CONTROLLER_TLS_NAME);
    const third = join(directory, 'server-pool');
    await mkdir(third);
    const [nodePort, serverPort, httpPort] = [
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
    ];
    await using programs = new AsyncDisposableStack();
    const start = async (...args: Parameters<typeof startInProcess>): Promise<ProgramInProcess> => {
      return programs.use(await startInProcess(...args));
    };
    await start(
      join(directory, 'node'),
      {
        node: { name: 'node-1' },
        agent: { address: `127.0.0.1:${nodePort}` },
        tls: { directory: join(directory, 'tls/agent') },
        drivers: { hostpath: one },
      },
      async (...program) => {
        await startNode(...program, [hostpathLocal, createSecondLocal(two)]);
      },
    );
    const served = { ...two, pools: [{ ...two.pools[0], name: 'served', path: third }] };
    await start(
      join(directory, 'server'),
      {
        node: { name: 'server' },
        agent: { address: `127.0.0.1:${serverPort}` },
        http: { address: `127.0.0.1:${httpPort}` },
        tls: { directory: join(directory, 'tls/agent') },
        drivers: { hostpath: one },
      },
      async (...program) => {
        await startAgent(...program, [hostpathLocal, createSecondLocal(served)]);
      },
    );
    await start(
      join(directory, 'controller'),
      {
        tls: { directory: join(directory, 'tls/controller') },
        controller: {
          agents: {
            static: [
              { node: 'node-1', address: `127.0.0.1:${nodePort}` },
              { node: 'server', address: `127.0.0.1:${serverPort}` },
            ],
          },
        },
        drivers: { hostpath: one },
      },
      async (...program) => {
        await startController(...program, [createHostpathControllerDriver, createSecondController(two)]);
      },
    );

    await expectBoth(prepared);
    using second = createClient(types.Controller, two.controllerEndpoint);
    const id = await create(second, ask('far', { parameters: { pool: 'served' } }));
    expect(await list(second)).toContain(id);
    const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    expect(metrics).toContain('stowage_pool_up{pool="served",node="server",driver="two.example"} 1');
    expect(metrics).not.toContain('pool="fast"');
    expect((await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status).toBe(200);
  });
});
