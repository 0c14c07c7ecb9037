import { mkdir, mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNfsMachine, type NfsMachine } from '../../../test/support/nfs-machine.ts';
import type { AccessMode } from '../../domain/access.ts';
import type { PublishOptions } from '../backend.ts';

const never = new AbortController().signal;
const HASH = 'abcdefghijklmnopqrstuvwxyz';
const ID = `aaaaaaaa-${HASH}-bbbbbbbb`;
const WEB = { type: 'nfs', name: 'web', server: 'nfs1', export: '/srv' } as const;

describe('the node half of NFS', () => {
  let directory: string;
  let nfs: NfsMachine;
  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-nfs-node-')));
    await mkdir(join(directory, 'staging'));
    nfs = createNfsMachine(directory);
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  /** What a kubelet sends for one volume. */
  function toCall(
    changes: Partial<PublishOptions> = {},
    {
      mountFlags = [],
      mode = 'MULTI_NODE_MULTI_WRITER',
      mountGroup = 0,
    }: { mountFlags?: readonly string[]; mode?: AccessMode; mountGroup?: number } = {},
  ): PublishOptions {
    const group = mountGroup === 0 ? {} : { mountGroup };
    return {
      volumeId: ID,
      stagingPath: join(directory, 'staging'),
      targetPath: join(directory, 'target'),
      capability: { access: { kind: 'mount', fsType: undefined, mountFlags, ...group }, mode },
      readOnly: false,
      context: { pool: 'web' },
      ...changes,
    };
  }
  const listOurs = (): readonly string[] =>
    nfs.machine
      .table()
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => mountPoint.startsWith(`${directory}/`) && !mountPoint.includes('/mounts/'));

  test('says that it takes groups, has no limit of volumes, and is nowhere in particular', async () => {
    expect(nfs.node.mountGroup).toEqual({ supported: true });
    await expect(nfs.node.getInfo(never)).resolves.toEqual({
      nodeId: 'a',
      maxVolumes: 0,
      topology: undefined,
    });
  });

  describe('staging', () => {
    test('is done by the worker, once', async () => {
      await nfs.node.stage(toCall(), never);
      await nfs.node.stage(toCall(), never);

      expect(nfs.told).toEqual(['stageVolume web']);
      expect(nfs.orders).toEqual([
        {
          volumeId: ID,
          staticPath: undefined,
          target: join(directory, 'staging'),
          mount: { versions: ['4.2'], words: [] },
          bindOptions: [],
          group: undefined,
        },
      ]);
    });

    test('mounts with the options of the pool, over which those of the volume win', async () => {
      nfs = createNfsMachine(directory, [{ ...WEB, mountOptions: ['soft', 'timeo=50', 'vers=4.1'] }]);

      await nfs.node.stage(toCall({}, { mountFlags: ['hard', 'noatime'] }), never);

      expect(nfs.orders[0]?.mount).toEqual({ versions: ['4.1'], words: ['hard', 'timeo=50'] });
    });

    test.each<[string, Partial<PublishOptions>, readonly string[], readonly string[]]>([
      ['those of the volume', { context: { pool: 'web', nfsVersions: '4.1,3' } }, [], ['4.1', '3']],
      ['the one that an option names', { context: { pool: 'web', nfsVersions: '4.2' } }, ['vers=3'], ['3']],
    ])('takes of the versions %s', async (_, changes, mountFlags, versions) => {
      await nfs.node.stage(toCall(changes, { mountFlags }), never);

      expect(nfs.orders[0]?.mount.versions).toEqual(versions);
    });

    test.each<[AccessMode, number | undefined]>([
      ['MULTI_NODE_MULTI_WRITER', 1234],
      ['MULTI_NODE_READER_ONLY', undefined],
    ])('gives a volume in mode %s to group %s', async (mode, group) => {
      await nfs.node.stage(toCall({}, { mode, mountGroup: 1234 }), never);

      expect(nfs.orders[0]?.group).toBe(group);
    });

    test('finds a directory that a PersistentVolume names, where the pool allows it', async () => {
      nfs = createNfsMachine(directory, [{ ...WEB, staticPaths: ['/home'] }]);
      const anna = toCall({ volumeId: 'home-of-anna', context: { pool: 'web', path: '/home/anna' } });

      await nfs.node.stage(anna, never);
      await nfs.node.stage(anna, never);
      await nfs.node.publish(anna, never);
      await nfs.node.unpublish(anna, never);
      await nfs.node.unstage(anna, never);

      expect(nfs.orders.map(({ staticPath }) => staticPath)).toEqual(['/home/anna']);
      expect(listOurs()).toEqual([]);
      await expect(
        nfs.node.stage({ ...anna, context: { pool: 'web', path: '/etc' } }, never),
      ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    });

    test('does not take the path of a PersistentVolume for a volume that it made', async () => {
      await nfs.node.stage(toCall({ context: { pool: 'web', path: '/home' } }), never);

      expect(nfs.orders[0]?.staticPath).toBeUndefined();
    });

    test.each<[string, Partial<PublishOptions>, string]>([
      ['of a pool that this node does not have', { context: { pool: 'db' } }, 'PRECONDITION_FAILED'],
      ['whose pool nobody names', { context: {} }, 'PRECONDITION_FAILED'],
      ['that this driver did not make', { volumeId: 'x' }, 'VOLUME_NOT_FOUND'],
      ['that nobody made, in no pool', { volumeId: 'a\0b', context: {} }, 'VOLUME_NOT_FOUND'],
      [
        'with versions that there are not',
        { context: { pool: 'web', nfsVersions: '5' } },
        'INVALID_ARGUMENT',
      ],
      ['at a place that nobody made', { stagingPath: '/nowhere/x' }, 'PRECONDITION_FAILED'],
    ])('refuses a volume %s, without the worker', async (_, changes, code) => {
      await expect(nfs.node.stage(toCall(changes), never)).rejects.toMatchObject({ code });

      expect(nfs.told).toEqual([]);
    });

    test('leaves alone what somebody else has mounted there', async () => {
      nfs.machine.mountForeign(join(directory, 'staging'));

      await expect(nfs.node.stage(toCall(), never)).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
      await expect(nfs.node.unstage(toCall(), never)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

      expect(listOurs()).toEqual([join(directory, 'staging')]);
    });
  });

  describe('publishing', () => {
    test('is done by the worker, once, and once it is staged', async () => {
      await expect(nfs.node.publish(toCall(), never)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await nfs.node.stage(toCall(), never);

      await nfs.node.publish(toCall(), never);
      await nfs.node.publish(toCall(), never);

      expect(nfs.told).toEqual(['stageVolume web', 'publishVolume web']);
      expect(listOurs()).toEqual([join(directory, 'staging'), join(directory, 'target')]);
    });

    test.each<[string, Partial<PublishOptions>, Parameters<typeof toCall>[1]]>([
      ['the call says so', { readOnly: true }, {}],
      ['its mode does', {}, { mode: 'MULTI_NODE_READER_ONLY' }],
      ['an option does', {}, { mountFlags: ['ro'] }],
    ])('is read-only when %s', async (_, changes, how) => {
      const call = toCall(changes, how);
      await nfs.node.stage(call, never);

      await nfs.node.publish(call, never);

      const entry = nfs.machine.table().find(({ mountPoint }) => mountPoint === call.targetPath);
      expect(entry?.options).toContain('ro');
    });

    test('is at one path for a pod that wants it alone, on this node', async () => {
      const alone = toCall({}, { mode: 'SINGLE_NODE_SINGLE_WRITER' });
      await nfs.node.stage(alone, never);
      await nfs.node.publish(alone, never);
      const second = { ...alone, targetPath: join(directory, 'second') };

      await expect(nfs.node.publish(second, never)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('ReadWriteOncePod'),
      });
      await nfs.node.unpublish(alone, never);
      await expect(nfs.node.publish(second, never)).resolves.toBeUndefined();
    });

    test('takes its target back when the worker fails', async () => {
      await nfs.node.stage(toCall(), never);
      nfs.answer('publishVolume', async () => await Promise.reject(new Error('EIO')));

      await expect(nfs.node.publish(toCall(), never)).rejects.toThrow('EIO');

      expect(await readdir(directory)).not.toContain('target');
    });

    test('is from what is staged, also when the mount of its pool was replaced meanwhile', async () => {
      nfs.machine.mountForeign(join(directory, 'staging'), {
        fsType: 'nfs4',
        majorMinor: '0:77',
        source: `nfs1:/srv/volumes/${HASH}/data`,
      });

      await expect(nfs.node.publish(toCall(), never)).resolves.toBeUndefined();
    });

    test('is not from a pool that is not configured any more', async () => {
      nfs.machine.mountForeign(join(directory, 'staging'), {
        fsType: 'nfs4',
        majorMinor: '0:77',
        source: `other:/srv/volumes/${HASH}/data`,
      });

      await expect(nfs.node.publish(toCall(), never)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('configure it again'),
      });
    });
  });

  describe('taking down', () => {
    test('asks no server: the worker is not called for what is mounted', async () => {
      await nfs.node.stage(toCall(), never);
      await nfs.node.publish(toCall(), never);
      const before = nfs.told.length;
      nfs.answer('releaseMounts', async () => await new Promise(() => undefined));

      await nfs.node.unpublish(toCall(), never);
      await nfs.node.unpublish(toCall(), never);
      await nfs.node.unstage(toCall(), never);
      await nfs.node.unstage(toCall(), never);

      expect(listOurs()).toEqual([]);
      expect(nfs.detached).toEqual([join(directory, 'target'), join(directory, 'staging')]);
      expect(new Set(nfs.told.slice(before))).toEqual(new Set(['releaseMounts web']));
      await expect(stat(join(directory, 'target'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('starts no worker', async () => {
      nfs.machine.mountForeign(join(directory, 'staging'), {
        fsType: 'nfs4',
        majorMinor: '0:77',
        source: `nfs1:/srv/volumes/${HASH}/data//deleted`,
      });

      await nfs.node.unstage(toCall(), never);

      expect(nfs.processes).toEqual([]);
      expect(listOurs()).toEqual([]);
    });

    test('takes away all layers of a volume, and nothing of another one below them', async () => {
      const target = join(directory, 'target');
      await mkdir(target);
      const ours = { fsType: 'nfs4', majorMinor: '0:50', source: `nfs1:/srv/volumes/${HASH}/data` };
      nfs.machine.mountForeign(target);
      nfs.machine.mountForeign(target, ours);
      nfs.machine.mountForeign(target, ours);

      await expect(nfs.node.unpublish(toCall(), never)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('left alone'),
      });

      expect(nfs.detached).toEqual([target, target]);
      expect(listOurs()).toEqual([target]);
    });

    test('does not take the mount of another volume for its own', async () => {
      const other = HASH.replace('a', 'b');
      nfs.machine.mountForeign(join(directory, 'staging'), {
        fsType: 'nfs4',
        source: `nfs1:/srv/volumes/${other}/data`,
      });

      await expect(nfs.node.unstage(toCall(), never)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(nfs.detached).toEqual([]);
    });
  });

  describe('a pool whose server is silent', () => {
    beforeEach(async () => {
      await nfs.node.stage(toCall(), never);
      await nfs.node.publish(toCall(), never);
      for (const verb of ['probeMounts', 'stageVolume', 'getVolumeStats', 'examineMount'] as const) {
        nfs.answer(verb, async () => await new Promise(() => undefined));
      }
    });
    const getStats = async () =>
      await nfs.node.getStats({ volumeId: ID, volumePath: join(directory, 'target') }, never);

    test('fails the calls that wait for it, and is reported', async () => {
      await expect(nfs.node.health?.getStorageHealth(never)).resolves.toEqual([]);

      await expect(getStats()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

      await expect(nfs.node.health?.getStorageHealth(never)).resolves.toMatchObject([
        { status: 'UNREACHABLE', reason: 'ServerSilent' },
      ]);
      await expect(getStats()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
      expect(nfs.told.filter((what) => what.startsWith('getVolumeStats'))).toHaveLength(1);
      await expect(
        nfs.node.health?.getVolumeHealth(
          { volumeId: ID, publishPath: join(directory, 'target'), stagingPath: undefined },
          never,
        ),
      ).resolves.toMatchObject({ statuses: [{ status: 'INACCESSIBLE', reason: 'ServerSilent' }] });
    });

    test('does not hold up what is staged, published or taken down', async () => {
      await getStats().catch(() => undefined);

      await nfs.node.stage(toCall(), never);
      await nfs.node.publish(toCall(), never);
      await nfs.node.unpublish(toCall(), never);
      await nfs.node.unstage(toCall(), never);

      expect(listOurs()).toEqual([]);
    });
  });

  test('asks for each volume the worker of its pool, also where two pools are of one file system', async () => {
    await mkdir(join(directory, 'other'));
    nfs = createNfsMachine(directory, [
      { ...WEB, export: '/srv' },
      { ...WEB, name: 'db', export: '/srv/db' },
      { ...WEB, name: 'root', export: '/' },
    ]);
    for (const [place, pool] of [
      ['staging', 'web'],
      ['other', 'db'],
      ['third', 'root'],
    ] as const) {
      await mkdir(join(directory, place), { recursive: true });
      const stagingPath = join(directory, place);
      await nfs.node.stage(toCall({ stagingPath, context: { pool } }), never);
      await nfs.node.getStats({ volumeId: ID, volumePath: stagingPath }, never);
    }

    expect(nfs.told.filter((what) => what.startsWith('getVolumeStats'))).toEqual([
      'getVolumeStats web',
      'getVolumeStats db',
      'getVolumeStats root',
    ]);
  });

  test('measures a volume where it is mounted, with the root of its pool', async () => {
    await nfs.node.stage(toCall(), never);

    await expect(
      nfs.node.getStats({ volumeId: ID, volumePath: join(directory, 'staging') }, never),
    ).resolves.toMatchObject({ bytes: { total: 10 } });
    await expect(nfs.node.getStats({ volumeId: ID, volumePath: '/nowhere' }, never)).rejects.toMatchObject({
      code: 'PATH_NOT_FOUND',
    });
  });
});
