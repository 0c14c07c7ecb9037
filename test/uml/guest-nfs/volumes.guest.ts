import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NfsCluster, startNfsCluster } from '../../support/nfs/cluster.ts';
import { createGuestMachine, createMachine, type NamespacedMachine } from '../../support/nfs/machine.ts';
import { type NfsServer, startNfsServer } from '../../support/nfs/server.ts';
import { createVolume, mountVolume, SHARED, untilSaid } from '../../support/nfs/volumes.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../../support/scratch.ts';

const MIB = 2 ** 20;

describe.each([
  { title: 'with an agent on the server', hasAgent: true },
  { title: 'without an agent on the server', hasAgent: false },
])('volumes of an export $title', ({ hasAgent }) => {
  const directory = `/var/tmp/volumes-${hasAgent ? 'agent' : 'nodes'}`;
  let disk: ScratchFilesystem;
  let nfs: NfsServer;
  let other: NamespacedMachine;
  let cluster: NfsCluster;
  const parameters = hasAgent ? { pool: 'pool' } : { pool: 'pool', quota: 'none' };

  beforeAll(async () => {
    disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 2048 * MIB, mountOptions: ['prjquota'] });
    nfs = await startNfsServer({ exports: [{ name: 'pool', directory: disk.path }] });
    other = await createMachine('node-2');
    cluster = await startNfsCluster({
      directory,
      nodes: [await createGuestMachine(), other],
      pools: [
        {
          name: 'pool',
          type: 'nfs',
          server: nfs.machine.addresses.ipv4,
          export: nfs.getPath('pool', '4.2'),
          ...(hasAgent ? { agent: { node: nfs.machine.hostName, path: disk.path } } : {}),
        },
      ],
      ...(hasAgent ? { server: nfs.machine } : {}),
    });
  }, 180_000);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
    await nfs?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  function getNodes() {
    const [one, two] = cluster.nodes;
    if (one === undefined || two === undefined) throw new Error('The cluster has two nodes.');
    return { one, two };
  }

  it('are written and read on two nodes at once', async () => {
    const { one, two } = getNodes();
    const volume = await createVolume(cluster, 'shared', { parameters });
    const here = await mountVolume(one, volume, { directory });
    const there = await mountVolume(two, volume, { directory });

    await one.machine.run(['sh', '-c', `echo from one >${here.target}/one`]);
    await two.machine.run(['sh', '-c', `cat ${there.target}/one; echo from two >${there.target}/two`]);

    expect(await two.machine.run(['cat', `${there.target}/one`])).toBe('from one\n');
    expect(await one.machine.run(['cat', `${here.target}/two`])).toBe('from two\n');
    await here.unmount();
    await there.unmount();
    await cluster.controller.DeleteVolume({ volumeId: volume.volumeId });
  });

  it('are bind mounts of one mount of their pool, which goes with the last of them', async () => {
    const { one } = getNodes();
    const listDataMounts = async (): Promise<readonly string[]> =>
      (await one.machine.run(['cat', '/proc/self/mountinfo']))
        .split('\n')
        .filter((line) => line.includes(`${directory}/nodes/`) && line.includes('/data-'));
    const mounted = [];
    for (const name of ['a', 'b']) {
      const volume = await createVolume(cluster, name, { parameters });
      mounted.push(await mountVolume(one, volume, { directory }));
    }

    expect(await listDataMounts()).toHaveLength(1);

    for (const { unmount } of mounted) await unmount();
    await expect.poll(listDataMounts, { timeout: 30_000 }).toEqual([]);
  });

  it.runIf(hasAgent)(
    'are as large as they say: ENOSPC at the limit, df shows it, and growth is online',
    async () => {
      const { one } = getNodes();
      const volume = await createVolume(cluster, 'limited', { parameters });
      const { volumeId } = volume;
      const { target, unmount } = await mountVolume(one, volume, { directory });
      const fill = async (mib: number): Promise<string> =>
        await one.machine.run([
          'sh',
          '-c',
          `dd if=/dev/zero of=${target}/fill bs=1M count=${mib} conv=fsync 2>&1 || true`,
        ]);

      expect(await fill(80)).toContain('No space left on device');
      const { usage } = await one.node.NodeGetVolumeStats({ volumeId, volumePath: target });
      const total = usage?.find(({ unit }) => unit === 'BYTES')?.total;
      await cluster.controller.ControllerExpandVolume({
        volumeId,
        capacityRange: { requiredBytes: 128 * MIB },
      });
      const after = await fill(100);

      expect(Number(total)).toBe(64 * MIB);
      expect(await one.machine.run(['df', '--output=size', '-B1', target])).toContain(`${128 * MIB}`);
      expect(after).not.toContain('No space left');
      await unmount();
    },
  );

  it('are snapshotted, restored and cloned', async () => {
    const { one } = getNodes();
    const { controller } = cluster;
    const volume = await createVolume(cluster, 'source', { parameters });
    const source = await mountVolume(one, volume, { directory });
    await one.machine.run([
      'sh',
      '-c',
      `echo before >${source.target}/file; mkdir ${source.target}/d; ln ${source.target}/file ${source.target}/d/link`,
    ]);
    const { snapshot } = await untilSaid(
      async () => await controller.CreateSnapshot({ name: 'cut', sourceVolumeId: volume.volumeId }),
    );
    await one.machine.run(['sh', '-c', `echo after >${source.target}/file`]);

    const restored = await createVolume(cluster, 'restored', {
      parameters,
      volumeContentSource: { snapshot: { snapshotId: snapshot?.snapshotId ?? '' } },
    });
    const cloned = await createVolume(cluster, 'cloned', {
      parameters,
      volumeContentSource: { volume: { volumeId: volume.volumeId } },
    });
    const [a, b] = [
      await mountVolume(one, restored, { directory }),
      await mountVolume(one, cloned, { directory }),
    ];

    expect(await one.machine.run(['cat', `${a.target}/file`, `${a.target}/d/link`])).toBe('before\nbefore\n');
    expect(await one.machine.run(['cat', `${b.target}/file`])).toBe('after\n');
    for (const { unmount } of [source, a, b]) await unmount();
    await controller.DeleteSnapshot({ snapshotId: snapshot?.snapshotId ?? '' });
  });

  it('belong to the group that a pod asks for', async () => {
    const { one } = getNodes();
    const volume = await createVolume(cluster, 'grouped', {
      parameters: { ...parameters, uid: '1000', mode: '0750' },
    });
    const capability = { ...SHARED, mount: { volumeMountGroup: '4242' } };
    const { target, unmount } = await mountVolume(one, volume, { directory, capability });

    expect(await one.machine.run(['stat', '-c', '%u:%g %a', target])).toBe('1000:4242 2770\n');
    await unmount();
  });

  it('are measured where no quota counts them', async () => {
    const { one } = getNodes();
    const volume = await createVolume(cluster, 'counted', { parameters: { pool: 'pool', quota: 'none' } });
    const { target, unmount } = await mountVolume(one, volume, { directory });
    await one.machine.run(['sh', '-c', `dd if=/dev/zero of=${target}/five bs=1M count=5 conv=fsync 2>&1`]);

    const { usage } = await untilSaid(
      async () => await one.node.NodeGetVolumeStats({ volumeId: volume.volumeId, volumePath: target }),
    );

    const bytes = usage?.find(({ unit }) => unit === 'BYTES');
    expect(Number(bytes?.total)).toBe(64 * MIB);
    expect(Number(bytes?.used)).toBeGreaterThanOrEqual(5 * MIB);
    expect(Number(bytes?.used)).toBeLessThan(6 * MIB);
    await unmount();
  });
});
