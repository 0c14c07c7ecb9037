import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocking } from '../../support/nfs/client.ts';
import { type NfsCluster, type NfsNode, startNfsCluster } from '../../support/nfs/cluster.ts';
import { createGuestMachine } from '../../support/nfs/machine.ts';
import { type NfsServer, startNfsServer } from '../../support/nfs/server.ts';
import { createVolume, mountVolume, SHARED } from '../../support/nfs/volumes.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../../support/scratch.ts';

const MIB = 2 ** 20;
const directory = '/var/tmp/mounting';

let disk: ScratchFilesystem;
let nfs: NfsServer;
let cluster: NfsCluster;
beforeAll(async () => {
  disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 2048 * MIB });
  for (const name of ['one', 'old', 'squashed']) await mkdir(`${disk.path}/${name}`);
  await mkdir(`${disk.path}/one/media/films`, { recursive: true });
  // An export that squashes root lets its anonymous user do what the driver does.
  const { machine } = (nfs = await startNfsServer({
    versions: ['4.1', '3'],
    exports: [
      { name: 'one', directory: `${disk.path}/one` },
      { name: 'old', directory: `${disk.path}/old` },
      { name: 'squashed', directory: `${disk.path}/squashed`, clients: { '*': ['rw', 'root_squash'] } },
    ],
  }));
  await machine.run(['chown', '65534:65534', `${disk.path}/squashed`]);
  await machine.run([
    'sh',
    '-c',
    `echo found >${disk.path}/one/media/films/list; ln -s /etc ${disk.path}/one/media/link`,
  ]);
  const same = { type: 'nfs', nfsVersions: ['4.2', '4.1'] };
  const { ipv4, ipv6 } = machine.addresses;
  cluster = await startNfsCluster({
    directory,
    nodes: [await createGuestMachine()],
    pools: [
      { name: 'one', ...same, server: ipv4, export: nfs.getPath('one', '4.2'), staticPaths: ['/media'] },
      { name: 'squashed', ...same, server: ipv6, export: nfs.getPath('squashed', '4.2') },
      {
        name: 'old',
        ...same,
        nfsVersions: ['3'],
        managementOptions: ['nolock'],
        server: ipv4,
        export: nfs.getPath('old', '3'),
      },
    ],
  });
}, 180_000);
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await nfs?.[Symbol.asyncDispose]();
  await disk?.[Symbol.asyncDispose]();
});

function getNode(): NfsNode {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('The cluster has a node.');
  return node;
}

async function listMounts(word: string): Promise<readonly string[]> {
  const table = await getNode().machine.run(['cat', '/proc/self/mountinfo']);
  return table.split('\n').filter((line) => line.includes(word));
}

describe('a volume of a server without NFS 4.2', () => {
  it('is not mounted by another version unless its class allows that', async () => {
    const volume = await createVolume(cluster, 'strict', { parameters: { pool: 'one', quota: 'none' } });

    await expect(mountVolume(getNode(), volume, { directory })).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/cannot be mounted by NFS 4\.2\..* nfsVersions/),
    });
  });

  it('is mounted by the next version that its class allows', async () => {
    const parameters = { pool: 'one', quota: 'none', nfsVersions: '4.2, 4.1, 3' };
    const volume = await createVolume(cluster, 'allowed', { parameters });
    const { target, unmount } = await mountVolume(getNode(), volume, { directory });

    expect(await listMounts(target)).toEqual([expect.stringContaining('vers=4.1,')]);
    await unmount();
  });

  it('is mounted as mountOptions say, each set of options once', async () => {
    const parameters = { pool: 'one', quota: 'none' };
    const capability = { ...SHARED, mount: { mountFlags: ['nfsvers=4.1', 'noac,timeo=100', 'nosuid'] } };
    const volume = await createVolume(cluster, 'options', { parameters, volumeCapabilities: [capability] });
    const { target, unmount } = await mountVolume(getNode(), volume, { directory, capability });

    expect(await listMounts(target)).toEqual([
      expect.stringMatching(/ rw,nosuid,relatime .*vers=4\.1,.*noac,.*timeo=100,/),
    ]);
    expect(await listMounts('/data-')).toHaveLength(1);
    await unmount();
  });

  it('is not made with options that NFS does not have', async () => {
    const capability = { ...SHARED, mount: { mountFlags: ['rsise=1024'] } };

    await expect(
      cluster.controller.CreateVolume({
        name: 'typo',
        volumeCapabilities: [capability],
        parameters: { pool: 'one', quota: 'none' },
      }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Did you mean "rsize"?'),
    });
  });

  it('is refused by NFS 3 where nobody keeps its locks, and mounted where somebody does or nobody needs them', async () => {
    const { machine } = getNode();
    const parameters = { pool: 'old', quota: 'none' };
    const toCapability = (...mountFlags: string[]) => ({ ...SHARED, mount: { mountFlags } });
    const volume = await createVolume(cluster, 'old', { parameters });

    await expect(
      mountVolume(getNode(), volume, { directory, capability: toCapability('nfsvers=3') }),
    ).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/rpc\.statd.*nolock/),
    });
    for (const prepare of [
      async () => 'nolock',
      async () => await startLocking(machine).then(() => 'lock'),
    ]) {
      const capability = toCapability('nfsvers=3', await prepare());
      const { target, unmount } = await mountVolume(getNode(), volume, { directory, capability });
      expect(await listMounts(target)).toEqual([expect.stringContaining('vers=3,')]);
      await machine.run(['sh', '-c', `echo 3 >${target}/file`]);
      await unmount();
    }
  });
});

describe('a directory that a PersistentVolume names', () => {
  const mountStatic = async (path: string, readonly = false) =>
    await mountVolume(
      getNode(),
      {
        volumeId: `films${path}`.replaceAll('/', '-'),
        volumeContext: { pool: 'one', path, nfsVersions: '4.1' },
      },
      { directory, readonly },
    );

  it('is mounted as it is, and taken down again', async () => {
    const { target, unmount } = await mountStatic('/media/films', true);

    expect(await getNode().machine.run(['cat', `${target}/list`])).toBe('found\n');
    await expect(getNode().machine.run(['touch', `${target}/file`])).rejects.toThrow('Read-only file system');
    await unmount();
    expect(await listMounts(target)).toEqual([]);
  });

  it.each([
    ['is not allowed', '/other', 'PERMISSION_DENIED'],
    ['belongs to the driver', '/volumes', 'PERMISSION_DENIED'],
    ['leads out', '/media/../volumes', 'INVALID_ARGUMENT'],
    ['is a symbolic link', '/media/link', 'PRECONDITION_FAILED'],
    ['is missing', '/media/none', 'PRECONDITION_FAILED'],
  ])('is refused when it %s', async (_what, path, code) => {
    await expect(mountStatic(path)).rejects.toMatchObject({ code });
  });
});

describe('an export that squashes root, reached by IPv6', () => {
  const parameters = { pool: 'squashed', quota: 'none', nfsVersions: '4.1' };

  it('has volumes that belong to its anonymous user', async () => {
    const volume = await createVolume(cluster, 'nobody', { parameters: { ...parameters, mode: '0770' } });
    const { target, unmount } = await mountVolume(getNode(), volume, { directory });

    expect(await getNode().machine.run(['stat', '-c', '%u:%g %a', target])).toBe('65534:65534 770\n');
    // Which of the two addresses of one server the kernel speaks with is its own matter.
    expect((await listMounts(target)).join('\n')).toContain(` [${nfs.machine.addresses.ipv6}]:/squashed/`);
    await unmount();
  });

  it('says why an owner cannot be had', async () => {
    await expect(
      createVolume(cluster, 'owned', { parameters: { ...parameters, uid: '1000' } }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('root_squash') });
  });

  it('says why a group cannot be had', async () => {
    const volume = await createVolume(cluster, 'grouped', { parameters });
    const capability = { ...SHARED, mount: { volumeMountGroup: '4242' } };

    await expect(mountVolume(getNode(), volume, { directory, capability })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('no_root_squash'),
    });
  });
});

describe('a server with another address', () => {
  // As long as something of it is mounted, the kernel takes another address of the same server for the same mount (nfs(5), session trunking).
  it('is followed by the next mount; what is mounted stays', async () => {
    const node = getNode();
    const parameters = { pool: 'one', quota: 'none', nfsVersions: '4.1' };
    const volume = await createVolume(cluster, 'moved', { parameters });
    const before = await mountVolume(node, volume, { directory });
    const { ipv6 } = nfs.machine.addresses;

    await node.program.stop();
    const same = { type: 'nfs', nfsVersions: ['4.1'] };
    await node.start([
      { name: 'one', ...same, server: ipv6, export: nfs.getPath('one', '4.2'), staticPaths: ['/media'] },
      { name: 'squashed', ...same, server: ipv6, export: nfs.getPath('squashed', '4.2') },
    ]);
    await node.machine.run(['sh', '-c', `echo 1 >${before.target}/still`]);
    const stays = (await listMounts(before.target)).join('\n');
    await before.unmount();
    await expect.poll(() => listMounts('/one/data-'), { timeout: 30_000 }).toEqual([]);
    const next = await createVolume(cluster, 'moved-next', { parameters });
    const after = await mountVolume(node, next, { directory });

    expect(stays).toContain(` ${nfs.machine.addresses.ipv4}:/one/volumes/`);
    expect((await listMounts(after.target)).join('\n')).toContain(` [${ipv6}]:/one/volumes/`);
    await after.unmount();
  });
});

describe('a volume whose class says what becomes of it', () => {
  it.each(['retain', 'archive'])('%s: is set aside when it is deleted', async (onDelete) => {
    const parameters = {
      pool: 'one',
      quota: 'none',
      nfsVersions: '4.1',
      onDelete,
      'csi.storage.k8s.io/pvc/name': 'www',
      'csi.storage.k8s.io/pvc/namespace': 'web',
    };
    const { volumeId } = await createVolume(cluster, `kept-${onDelete}`, { parameters });

    await cluster.controller.DeleteVolume({ volumeId });

    const aside = await nfs.machine.run([
      'sh',
      '-c',
      `ls ${disk.path}/one/${onDelete === 'retain' ? 'retained' : 'archived'}`,
    ]);
    expect(aside.trim()).toMatch(onDelete === 'retain' ? volumeId : /^web\.www\.\d{4}-/);
  });
});
