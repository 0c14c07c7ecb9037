import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { findFreePort } from '../support/free-port.ts';
import { startProgram } from '../support/program.ts';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';
import {
  listWritable,
  type NodeMember,
  type SplitCluster,
  startSplitCluster,
} from '../support/split-cluster.ts';
import { createTlsFilesAuthority } from '../support/tls-files.ts';

const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');
const ROOT = resolve(import.meta.dirname, '../..');
const MIB = 2 ** 20;
const NOBODY = 65_534;

function ask(name: string, node: string): CreateVolumeRequest {
  const place = { segments: { [TOPOLOGY_KEY]: node } };
  return {
    name,
    capacityRange: { requiredBytes: 64 * MIB },
    volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
    parameters: { pool: 'fast', layout: 'image' },
    accessibilityRequirements: { requisite: [place], preferred: [place] },
  };
}

async function makeNodes(
  scratch: ScratchDirectory,
  names: readonly string[],
): Promise<{ name: string; pools: { name: string; path: string }[] }[]> {
  return await Promise.all(
    names.map(async (name) => {
      const path = join(scratch.path, `pool-${name}`);
      await mkdir(path);
      return { name, pools: [{ name: 'fast', path }] };
    }),
  );
}

describe.skipIf(skipsRootTests())('a controller and nodes apart', () => {
  let scratch: ScratchDirectory;
  let cluster: SplitCluster;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    const nodes = await makeNodes(scratch, ['node-a', 'node-b']);
    cluster = await startSplitCluster({ directory: join(scratch.path, 'cluster'), nodes });
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  function get(): { readonly controller: SplitCluster['controllers'][number]; readonly second: NodeMember } {
    const [controller] = cluster.controllers;
    const second = cluster.nodes[1];
    if (controller === undefined || second === undefined) throw new Error('the cluster is not whole');
    return { controller, second };
  }

  it('make volumes where they are asked for, list all of them and delete them', async () => {
    const { controller } = get();

    const places: unknown[] = [];
    for (const name of ['node-a', 'node-b']) {
      const { volume } = await controller.controller.CreateVolume(ask(`pvc-${name}`, name));
      places.push(volume?.accessibleTopology[0]?.segments[TOPOLOGY_KEY]);
    }
    const { entries } = await controller.controller.ListVolumes({});
    for (const { volume } of entries) {
      await controller.controller.DeleteVolume({ volumeId: volume?.volumeId ?? '' });
    }

    expect(places).toEqual(['node-a', 'node-b']);
    expect(entries).toHaveLength(2);
    expect((await controller.controller.ListVolumes({})).entries).toEqual([]);
  });

  it('announce the same driver on all sockets', async () => {
    const programs = [...cluster.controllers, ...cluster.nodes].map(({ program }) => program);

    const said = await Promise.all(
      programs.map(async ({ identity }) => [
        await identity.GetPluginInfo({}),
        await identity.GetPluginCapabilities({}),
      ]),
    );

    expect(new Set(said.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it('a node that is silent has what it had, out of reach; nothing waits for it that need not', async () => {
    const { controller, second } = get();
    const { volume } = await controller.controller.CreateVolume(ask('pvc-frozen', 'node-b'));
    const volumeId = volume?.volumeId ?? '';
    second.program.freeze();
    try {
      await expect(
        controller.controller.DeleteVolume({ volumeId }, { deadlineMs: 30_000 }),
      ).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
      await expect(controller.controller.ListVolumes({}, { deadlineMs: 30_000 })).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
        message: expect.stringContaining('node-b'),
      });
      const { ready } = await controller.program.identity.Probe({}, { deadlineMs: 10_000 });
      const elsewhere = await controller.controller.CreateVolume(ask('pvc-elsewhere', 'node-a'));
      await controller.controller.DeleteVolume({ volumeId: elsewhere.volume?.volumeId ?? '' });

      expect(ready?.value).toBe(true);
    } finally {
      second.program.thaw();
    }
    await expect
      .poll(async () => await controller.controller.DeleteVolume({ volumeId }).then(() => 'deleted', String))
      .toBe('deleted');
  });

  it('a node that is started anew is found again', async () => {
    const { controller, second } = get();
    await second.program.kill();
    await second.start();

    await expect
      .poll(
        async () =>
          await controller.controller.CreateVolume(ask('pvc-again', 'node-b')).then(() => 'made', String),
      )
      .toBe('made');
    const { entries } = await controller.controller.ListVolumes({});
    await controller.controller.DeleteVolume({ volumeId: entries[0]?.volume?.volumeId ?? '' });
  });

  it('stop in order with 0', async () => {
    const codes: unknown[] = [];
    for (const member of [...cluster.controllers, ...cluster.nodes]) codes.push(await member.program.stop());

    expect(codes).toEqual([0, 0, 0]);
  });
});

describe.skipIf(skipsRootTests())('a program that is given the certificate of another one', () => {
  it.each([
    ['controller', AGENT_TLS_NAME, CONTROLLER_TLS_NAME],
    ['node', CONTROLLER_TLS_NAME, AGENT_TLS_NAME],
  ] as const)(
    'does not start as a %s, and says which it has and which it needs',
    async (role, has, needs) => {
      await using scratch = await makeScratchDirectory();
      const tls = join(scratch.path, 'tls');
      await (await createTlsFilesAuthority()).write(tls, has);
      const endpoint = `unix://${join(scratch.path, 'csi', 'csi.sock')}`;
      const configPath = join(scratch.path, 'stowage.yaml');
      const pools = [{ name: 'fast', path: join(scratch.path, 'pool') }];
      const config = {
        node: { name: 'node-a' },
        stateDirectory: join(scratch.path, 'state'),
        runDirectory: join(scratch.path, 'run'),
        tls: { directory: tls },
        controller: { agents: { static: [] } },
        drivers: { hostpath: { endpoint, pools } },
      };
      await writeFile(configPath, JSON.stringify(config));

      const starting = startProgram({ role, configPath, endpoint });

      await expect(starting).rejects.toThrow(
        new RegExp(`code 1[^]*in ${tls} cannot be used: tls.crt is for ${has}, and .* for ${needs}`),
      );
    },
  );
});

describe.skipIf(skipsRootTests())('a controller without privileges', () => {
  it('serves as a plain user with a read-only root and no capabilities', async () => {
    await using scratch = await makeScratchDirectory();
    const directory = join(scratch.path, 'cluster');
    await chmod(scratch.path, 0o711);
    await using cluster = await startSplitCluster({
      directory,
      nodes: await makeNodes(scratch, ['node-a']),
      controllerUid: NOBODY,
      controllerProgram: confine(listWritable(directory, 'controller-1')),
    });
    const [controller] = cluster.controllers;

    const { volume } = (await controller?.controller.CreateVolume(ask('pvc-1', 'node-a'))) ?? {};
    await controller?.controller.DeleteVolume({ volumeId: volume?.volumeId ?? '' });
    const status = await readStatus(controller?.program.pid ?? 0);

    expect(volume?.accessibleTopology[0]?.segments).toEqual({ [TOPOLOGY_KEY]: 'node-a' });
    expect(status).toMatchObject({ Uid: NOBODY, CapEff: 0, CapPrm: 0, CapBnd: 0, NoNewPrivs: 1 });
  });
});

describe.skipIf(skipsRootTests())('a controller without rights to its registry', () => {
  it.each([
    ['read', 0o700],
    ['write', 0o755],
  ])('to %s it is not ready and says what to do, until it has them', async (_right, mode) => {
    await using scratch = await makeScratchDirectory();
    await chmod(scratch.path, 0o711);
    const [tls, csi, state] = ['tls', 'csi', 'state'].map((name) => join(scratch.path, name));
    if (tls === undefined || csi === undefined || state === undefined) throw new Error('a path is missing');
    await (await createTlsFilesAuthority()).write(tls, CONTROLLER_TLS_NAME, { uid: NOBODY });
    for (const path of [csi, state]) {
      await mkdir(path);
      await chown(path, NOBODY, NOBODY);
    }
    const registry = join(state, 'registry');
    await mkdir(registry, { mode });
    const http = `127.0.0.1:${await findFreePort()}`;
    const endpoint = `unix://${join(csi, 'csi.sock')}`;
    const configPath = join(scratch.path, 'stowage.yaml');
    const config = {
      stateDirectory: state,
      runDirectory: join(csi, 'run'),
      http: { address: http },
      tls: { directory: tls },
      controller: { agents: { static: [] } },
      drivers: { hostpath: { endpoint } },
    };
    await writeFile(configPath, JSON.stringify(config));
    const program = confine([csi, state]);
    await using controller = await startProgram({
      role: 'controller',
      configPath,
      endpoint,
      program,
      until: 'serving',
    });
    const askReady = async (): Promise<string> => {
      const response = await fetch(`http://${http}/readyz`);
      return `${response.status} ${await response.text()}`;
    };

    await expect
      .poll(askReady, { timeout: 20_000 })
      .toMatch(new RegExp(`^503 .*${registry}.*user ${NOBODY}.*EACCES.*chown -R ${NOBODY} ${registry}`, 's'));
    await chown(registry, NOBODY, NOBODY);

    await expect.poll(askReady, { timeout: 30_000 }).toBe('200 ok\n');
    expect(controller.logs().filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
  });
});

/** The program behind a read-only root, where only these directories can be written, as nobody. */
function confine(writable: readonly string[]): readonly string[] {
  const confinement = ['--ro-bind', '/', '/', '--dev', '/dev', '--tmpfs', '/tmp', '--die-with-parent'];
  const binds = writable.flatMap((path) => ['--bind', path, path]);
  const user = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
  const rights = ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'];
  const inside = ['bwrap', ...confinement, ...binds, '--ro-bind', ROOT, ROOT];
  // Only a parent that may send signals to nobody can take the program along when it ends: bwrap may not, a shell below it may.
  const shell = ['sh', '-c', '"$@"; exit $?', 'sh'];
  const alongWithIt = ['setpriv', '--pdeathsig', 'TERM'];
  return [...inside, ...shell, 'setpriv', ...user, ...rights, ...alongWithIt, process.execPath, CLI];
}

/** Of the innermost process below this one: what the kernel lets it do. */
async function readStatus(pid: number): Promise<Readonly<Record<string, number>>> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
  if (children !== '') return await readStatus(Number(children.split(' ')[0]));
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (key: string, base: number): number =>
    Number.parseInt(new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? 'none', base);
  return {
    Uid: read('Uid', 10),
    CapEff: read('CapEff', 16),
    CapPrm: read('CapPrm', 16),
    CapBnd: read('CapBnd', 16),
    NoNewPrivs: read('NoNewPrivs', 10),
  };
}
