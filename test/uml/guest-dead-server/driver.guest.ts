import { mkdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isDriverError } from '../../../src/domain/errors.ts';
import { type NfsCluster, type NfsNode, startNfsCluster } from '../../support/nfs/cluster.ts';
import { createGuestMachine } from '../../support/nfs/machine.ts';
import { connectServerControl, type ServerControl } from '../../support/nfs/server-control.ts';
import { SERVER_EXPORT } from '../../support/nfs/server-guest-places.ts';
import { PLAIN_POOL, SERVED_POOL, SERVER_NODE } from '../../support/nfs/tier-pools.ts';
import { createVolume, mountVolume, untilSaid } from '../../support/nfs/volumes.ts';

const MIB = 2 ** 20;
const directory = '/var/tmp/driver';
/** Made by the machine outside, for both guests. */
const shared = process.env['SHARED_DIRECTORY'] ?? '';
/** Many times what a call takes that waits for nobody. */
const AT_ONCE_MS = 5_000;
/** When a pool is called silent, twice over, on a slow machine. */
const SILENT_MS = 60_000;

let server: ServerControl;
let cluster: NfsCluster;
beforeAll(async () => {
  server = connectServerControl();
  await server.boot();
  await mkdir(`${directory}/local`, { recursive: true });
  await (await createGuestMachine()).run(['mount', '-t', 'tmpfs', 'tmpfs', `${directory}/local`]);
  cluster = await startNfsCluster({
    directory,
    nodes: [await createGuestMachine()],
    tlsDirectory: `${shared}/tls`,
    agents: [{ node: SERVER_NODE, address: `${server.addresses.ipv4}:9810` }],
    pools: [
      SERVED_POOL,
      PLAIN_POOL,
      // What has nothing to do with the server.
      { name: 'local', type: 'shared', path: `${directory}/local` },
    ],
  });
}, 240_000);
afterEach(async () => {
  await server.boot();
});
afterAll(async () => {
  await server?.boot();
  await cluster?.[Symbol.asyncDispose]();
  server?.[Symbol.dispose]();
});

function getNode(): NfsNode {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('The cluster has a node.');
  return node;
}

async function create(pool: string, name: string): ReturnType<typeof createVolume> {
  return await createVolume(cluster, name, { parameters: { pool, quota: 'none' } });
}

/** What a call fails with; how long it may take is the suite's own patience. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

/** What one attempt to make a volume fails with, other than that it is still going on. */
async function failureOfCreation(pool: string, name: string, mib = 1): Promise<unknown> {
  for (;;) {
    const failure = await failureOf(
      cluster.controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: mib * MIB },
        volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
        parameters: { pool, quota: 'none' },
      }),
    );
    if (!isDriverError(failure, 'OPERATION_PENDING')) return failure;
  }
}

/** Each call has to come back within the time, whatever else hangs. */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms);
  try {
    return await Promise.race([call, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What has to work whatever the server does: Probe, other pools, and taking down. */
async function expectOthersUnaffected(name: string): Promise<void> {
  for (let times = 0; times < 20; times += 1) {
    await within(AT_ONCE_MS, getNode().program.identity.Probe({}));
    await within(AT_ONCE_MS, cluster.controllerProgram.identity.Probe({}));
  }
  const volume = await within(SILENT_MS, create('local', name));
  const mounted = await within(SILENT_MS, mountVolume(getNode(), volume, { directory }));
  await within(AT_ONCE_MS, mounted.unmount());
}

async function expectWorks(pool: string, name: string): Promise<void> {
  const volume = await create(pool, name);
  const mounted = await untilSaid(async () => await mountVolume(getNode(), volume, { directory }));
  await getNode().machine.run(
    ['sh', '-c', `echo hello >${mounted.target}/file && cat ${mounted.target}/file`],
    {
      deadlineMs: 60_000,
    },
  );
  await mounted.unmount();
}

describe.each(['served', 'plain'])('pool %s, whose server', (pool) => {
  it('is frozen: its calls are unavailable with a reason, all else goes on, and so does it when it is back', async () => {
    const volume = await create(pool, `${pool}-frozen`);
    const mounted = await mountVolume(getNode(), volume, { directory });
    const staged = await create(pool, `${pool}-frozen-2`);
    await server.freeze();

    const stats = failureOf(
      getNode().node.NodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: mounted.target }),
    );
    const stage = failureOf(mountVolume(getNode(), staged, { directory }));
    const made = failureOfCreation(pool, `${pool}-during`);
    await expectOthersUnaffected(`${pool}-frozen-local`);
    for (const failure of await Promise.all([stats, stage, made].map((each) => within(SILENT_MS, each)))) {
      expect(failure).toMatchObject({ code: 'POOL_UNAVAILABLE', message: expect.stringMatching(/\w+ .*\./) });
    }
    const health = await within(AT_ONCE_MS, getNode().node.NodeGetStorageHealth({}));
    await within(AT_ONCE_MS, mounted.unmount());
    await server.thaw();

    expect(JSON.stringify(health)).toContain('ServerSilent');
    await expectWorks(pool, `${pool}-thawed`);
  }, 300_000);

  it('loses its power and comes back: what was synced is there, and volumes work again', async () => {
    const volume = await create(pool, `${pool}-power`);
    const mounted = await mountVolume(getNode(), volume, { directory });
    const { machine } = getNode();
    await machine.run(['sh', '-c', `echo kept >${mounted.target}/file && sync ${mounted.target}/file`]);

    await server.cutPower();
    await expectOthersUnaffected(`${pool}-power-local`);
    await server.boot();

    expect(await machine.run(['cat', `${mounted.target}/file`], { deadlineMs: 120_000 })).toBe('kept\n');
    await mounted.unmount();
    await expectWorks(pool, `${pool}-power-after`);
  }, 300_000);
});

describe('a server', () => {
  const shell = async (script: string): Promise<string> => await server.run(['sh', '-ec', script]);
  const offer = 'exportfs -ra && exportfs -f';
  /** In its place: the file is mounted at /etc/exports. */
  const edit = (script: string): string =>
    `sed '${script}' /run/exports >/run/exports.new && cat /run/exports.new >/run/exports`;
  // Whatever a test has left it in.
  afterEach(async () => {
    await shell(`rm -f ${SERVER_EXPORT}/fill; ${edit('/pool/s/(ro,/(rw,/')}; ${offer}`);
  });

  it('that takes the export away is waited for, and taken up again when the export is back', async () => {
    const volume = await create('plain', 'unexported');
    await shell('exportfs -ua; exportfs -f');

    const refused = await failureOf(mountVolume(getNode(), volume, { directory }));
    const made = await within(SILENT_MS, failureOfCreation('plain', 'unexported-2'));
    await expectOthersUnaffected('unexported-local');
    await shell(offer);

    expect(refused).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(made).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await expectWorks('plain', 'exported');
  }, 300_000);

  it('whose directory is replaced leaves stale handles to pods that have it; all else goes on with what is there now', async () => {
    const volume = await create('plain', 'replaced');
    const mounted = await mountVolume(getNode(), volume, { directory });
    const place = `${SERVER_EXPORT}/plain`;
    await shell(`cp -a ${place} ${place}.new && rm -rf ${place} && mv ${place}.new ${place}`);

    const { volumeId } = volume;
    const findReason = async (): Promise<unknown> => {
      const options = { volumeId, volumePublishPath: mounted.target };
      return JSON.stringify(await getNode().node.NodeGetVolumeHealth(options));
    };
    await expect.poll(findReason, { timeout: 90_000 }).toContain('INACCESSIBLE');
    await within(AT_ONCE_MS, mounted.unmount());

    await expectWorks('plain', 'replaced-after');
    const again = await untilSaid(async () => await mountVolume(getNode(), volume, { directory }));
    await again.unmount();
  }, 300_000);

  it('that is full has room for nothing, and says so; once there is room it goes on', async () => {
    const free = (await shell(`df --output=avail -B1 ${SERVER_EXPORT} | tail -n 1`)).trim();
    await shell(`fallocate -l ${Number(free) - 8 * MIB} ${SERVER_EXPORT}/fill`);

    const refused = await failureOfCreation('plain', 'full', 512);
    await shell(`rm ${SERVER_EXPORT}/fill`);

    expect(refused).toMatchObject({ code: 'NO_ROOM' });
    await untilSaid(async () => await expectWorks('plain', 'emptied'));
  }, 300_000);

  it('that offers it read-only lets pods read, and makes nothing', async () => {
    const volume = await create('plain', 'read-only');
    const mounted = await mountVolume(getNode(), volume, { directory });
    const { machine } = getNode();
    await machine.run(['sh', '-c', `echo readable >${mounted.target}/file`]);
    await shell(`${edit('s/(rw,/(ro,/')}; ${offer}`);

    const refused = await within(SILENT_MS, failureOfCreation('plain', 'read-only-2'));
    const text = await machine.run(['cat', `${mounted.target}/file`]);
    await shell(`${edit('/pool/s/(ro,/(rw,/')}; ${offer}`);

    expect(refused).toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('read-only'),
    });
    expect(text).toBe('readable\n');
    await mounted.unmount();
    await untilSaid(async () => await expectWorks('plain', 'writable'));
  }, 300_000);

  it('that is slow makes only its own calls slow', async () => {
    await shell('tc qdisc replace dev eth0 root netem delay 200ms');
    try {
      const slow = expectWorks('plain', 'slow');
      await expectOthersUnaffected('slow-local');
      await expect(slow).resolves.toBeUndefined();
    } finally {
      await shell('tc qdisc del dev eth0 root');
    }
  }, 300_000);
});

describe('a node', () => {
  it('ends when it is told to, also while a server is frozen', async () => {
    const volume = await create('plain', 'stop');
    const mounted = await mountVolume(getNode(), volume, { directory });
    await server.freeze();
    const stats = failureOf(
      getNode().node.NodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: mounted.target }),
    );

    const exitCode = await getNode().program.stop();
    await stats;
    await server.thaw();
    await getNode().start();

    expect(exitCode === 0 || exitCode === undefined).toBe(true);
    await mounted.unmount();
    await expectWorks('plain', 'stop-after');
  }, 300_000);
});
