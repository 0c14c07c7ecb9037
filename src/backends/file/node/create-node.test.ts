import { mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeFileStore, type FakeFileStore } from '../../../../test/support/fake-file-store.ts';
import { createFakeMachine, type FakeMachine } from '../../../../test/support/fake-machine.ts';
import { KeyedLock } from '../../../base/keyed-lock.ts';
import type { FsType, VolumeCapability } from '../../../domain/access.ts';
import type { CreateVolumeRequest, LocalFileStore } from '../../../filestore/file-store.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';
import { silentLogger } from '../../../observability/logger.ts';
import type { NodeBackend, PublishOptions } from '../../backend.ts';
import { createFileNode } from './create-node.ts';

const { signal } = new AbortController();
const failure = new Error('the test made this fail');
const POOL_ID = 'aaaaaaaa';

let directory: string;
let machine: FakeMachine;
let store: FakeFileStore;
let unavailable: string | undefined;
/** A second pool, whose disk is away. */
let others: readonly StoreEntry<LocalFileStore>[];
let node: NodeBackend;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-node-')));
  machine = createFakeMachine();
  store = createFakeFileStore({ poolId: POOL_ID, root: join(directory, 'pool') });
  unavailable = undefined;
  others = [];
  node = createNode();
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

function createNode(): NodeBackend {
  const list = (): readonly StoreEntry<LocalFileStore>[] => [
    {
      poolName: 'fast',
      nodeName: 'a',
      poolId: POOL_ID,
      state: unavailable === undefined ? { store } : { unavailable },
    },
    ...others,
  ];
  const context = { ...machine, stores: { list }, locks: new KeyedLock(), logger: silentLogger };
  return createFileNode(context, { nodeId: 'a', maxVolumes: 0, topology: undefined });
}

const mount = (fsType?: FsType): VolumeCapability['access'] => ({ kind: 'mount', fsType, mountFlags: [] });

const KINDS: readonly [string, VolumeCapability['access']][] = [
  ['directory', mount()],
  ['image', mount('ext4')],
  ['btrfs image', mount('btrfs')],
  ['raw block', { kind: 'block' }],
];

/** A volume with the calls that kubelet would send for it. */
async function prepare(
  access: VolumeCapability['access'],
  overrides: Partial<CreateVolumeRequest> = {},
): Promise<PublishOptions> {
  const record = await store.createVolume(
    {
      name: `pvc-${Math.random()}`,
      range: undefined,
      accessType: access.kind,
      fsType: access.kind === 'mount' ? access.fsType : undefined,
      layout: access.kind === 'mount' && access.fsType === undefined ? 'directory' : 'image',
      quota: 'required',
      isolation: 'standard',
      preallocate: false,
      owner: { uid: undefined, gid: undefined, mode: undefined },
      source: undefined,
      claim: undefined,
      askedParameters: {},
      ...overrides,
    },
    signal,
  );
  const base = join(directory, record.id);
  await mkdir(join(base, 'staging'), { recursive: true });
  return {
    volumeId: record.id,
    stagingPath: join(base, 'staging'),
    targetPath: join(base, 'target'),
    capability: { access, mode: 'SINGLE_NODE_MULTI_WRITER' },
    context: {},
    readOnly: false,
  };
}

const mountPoints = (): readonly string[] => machine.table().map(({ mountPoint }) => mountPoint);

describe('staging an image', () => {
  test('makes the file system once, and checks and grows it from then on', async () => {
    const calls = await prepare(mount('ext4'));

    for (let round = 0; round < 2; round += 1) {
      await node.stage(calls, signal);
      await node.unstage(calls, signal);
    }

    expect(machine.calls).toEqual(['mkfs.ext4', 'grow ext4 offline']);
  });

  test.each(['xfs', 'btrfs'] as const)('%s grows once it is mounted', async (fsType) => {
    const calls = await prepare(mount(fsType));
    await node.stage(calls, signal);
    await node.unstage(calls, signal);

    await node.stage(calls, signal);

    expect(machine.calls).toEqual([`mkfs.${fsType}`, `grow ${fsType} online`]);
  });

  test.each(['ensure', 'format', 'mount'])(
    'that fails at "%s" leaves no device and no mount',
    async (step) => {
      const calls = await prepare(mount('ext4'));
      const before = mountPoints();
      machine.failNext(step, failure);

      await expect(node.stage(calls, signal)).rejects.toBe(failure);

      expect(mountPoints()).toEqual(before);
      await expect(machine.loops.listOf(await imageOf(calls), signal)).resolves.toEqual([]);
      await expect(node.stage(calls, signal)).resolves.toBeUndefined();
    },
  );

  test('that fails after the mount takes the mount back, too', async () => {
    const calls = await prepare(mount('xfs'));
    await node.stage(calls, signal);
    await node.unstage(calls, signal);
    const before = mountPoints();
    machine.failNext('grow', failure);

    await expect(node.stage(calls, signal)).rejects.toBe(failure);

    expect(mountPoints()).toEqual(before);
    await expect(machine.loops.listOf(await imageOf(calls), signal)).resolves.toEqual([]);
  });

  test('that finds a device goes on with it, and does not take it away when it fails', async () => {
    const calls = await prepare(mount('ext4'));
    const image = await imageOf(calls);
    await machine.loops.ensure({ file: image, readOnly: false, sectorSizeBytes: 512 }, signal);
    machine.failNext('mount', failure);

    await expect(node.stage(calls, signal)).rejects.toBe(failure);

    await expect(machine.loops.listOf(image, signal)).resolves.toHaveLength(1);
  });

  test('gives a btrfs clone an identity of its own, once', async () => {
    const source = await prepare(mount('btrfs'));
    const clone = await prepare(mount('btrfs'), { source: { kind: 'volume', id: source.volumeId } });

    // The fake clones no content, so that the first stage makes the file system that the later ones find.
    for (let round = 0; round < 3; round += 1) {
      await node.stage(clone, signal);
      await node.unstage(clone, signal);
    }

    expect(machine.calls.filter((call) => call === 'renew btrfs')).toHaveLength(1);
  });
});

describe('paths', () => {
  test('are recognised through a symbolic link above them', async () => {
    const calls = await prepare(mount());
    await symlink(directory, `${directory}-link`);
    const linked = (path: string) => path.replace(directory, `${directory}-link`);
    const other = { ...calls, stagingPath: linked(calls.stagingPath), targetPath: linked(calls.targetPath) };

    await node.stage(calls, signal);
    await node.stage(other, signal);
    await node.publish(calls, signal);
    await node.publish(other, signal);

    expect(mountPoints().filter((path) => path.startsWith(directory))).toEqual([
      calls.stagingPath,
      calls.targetPath,
    ]);
    await rm(`${directory}-link`);
  });

  test('with something of somebody else on them are left alone', async () => {
    const calls = await prepare(mount());
    machine.mountForeign(calls.stagingPath);

    await expect(node.stage(calls, signal)).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(mountPoints()).toContain(calls.stagingPath);
  });

  test('a foreign mount on the target survives publish and unpublish', async () => {
    const calls = await prepare(mount());
    await node.stage(calls, signal);
    await mkdir(calls.targetPath);
    machine.mountForeign(calls.targetPath);

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
    await expect(node.unpublish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(mountPoints()).toContain(calls.targetPath);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    [
      'a directory with something in it',
      async (path) => {
        await mkdir(path);
        await writeFile(join(path, 'data'), 'precious');
      },
    ],
    ['a file with something in it', async (path) => await writeFile(path, 'precious')],
    ['a symbolic link', async (path) => await symlink('/etc', path)],
  ])('%s at the target is not removed', async (_, make) => {
    const calls = await prepare(mount());
    await make(calls.targetPath);

    await expect(node.unpublish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    await expect(readdir(join(calls.targetPath, '..'))).resolves.toContain('target');
  });

  test('a malformed id removes nothing', async () => {
    const calls = await prepare(mount());
    await mkdir(calls.targetPath);

    await node.unpublish({ ...calls, volumeId: '../x' }, signal);

    await expect(stat(calls.targetPath)).resolves.toBeDefined();
  });

  test('a target that an earlier call left is taken, one without a parent is refused', async () => {
    const calls = await prepare(mount());
    await node.stage(calls, signal);
    await mkdir(calls.targetPath);

    await expect(node.publish(calls, signal)).resolves.toBeUndefined();
    await expect(
      node.publish({ ...calls, targetPath: join(directory, 'no', 'such', 'parent') }, signal),
    ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('a publish that fails removes the target that it made', async () => {
    const calls = await prepare(mount());
    await node.stage(calls, signal);
    machine.failNext('bind', failure);

    await expect(node.publish(calls, signal)).rejects.toBe(failure);

    await expect(stat(calls.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('taking down', () => {
  test('removes every layer, whoever put it there', async () => {
    const calls = await prepare(mount());
    await node.stage(calls, signal);
    await machine.mounts.bind(
      { source: calls.stagingPath, target: calls.stagingPath, readOnly: false, options: [] },
      signal,
    );

    await node.unstage(calls, signal);

    expect(mountPoints()).not.toContain(calls.stagingPath);
  });

  test('waits for the other mounts of an image before it gives the device back', async () => {
    const calls = await prepare(mount('ext4'));
    await node.stage(calls, signal);
    await node.publish(calls, signal);

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    await expect(machine.loops.listOf(await imageOf(calls), signal)).resolves.toEqual([]);
  });

  test('does not give a device back while its node lies at a target', async () => {
    const calls = await prepare({ kind: 'block' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });

    await expect(machine.loops.listOf(await imageOf(calls), signal)).resolves.toHaveLength(1);
  });

  test('removes the node of a device that was detached behind our back', async () => {
    const calls = await prepare({ kind: 'block' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    await machine.loops.detachAll(await imageOf(calls), signal);

    await node.unpublish(calls, signal);

    expect(mountPoints()).not.toContain(calls.targetPath);
  });

  test('leaves the device of another volume at a target alone', async () => {
    const [calls, other] = [await prepare({ kind: 'block' }), await prepare({ kind: 'block' })];
    await node.stage(other, signal);
    await node.publish(other, signal);

    const wrong = { ...calls, targetPath: other.targetPath };

    await expect(node.unpublish(wrong, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(mountPoints()).toContain(other.targetPath);
  });

  test('says so while something uses the mount or the device', async () => {
    const calls = await prepare(mount('ext4'));
    await node.stage(calls, signal);
    machine.busy.add(calls.stagingPath);
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'VOLUME_IN_USE' });
    machine.busy.clear();
    machine.busy.add(await imageOf(calls));
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    machine.busy.clear();

    await expect(node.unstage(calls, signal)).resolves.toBeUndefined();
  });

  test.each(KINDS)('works while the pool of a volume (%s) is away', async (_, access) => {
    const calls = await prepare(access);
    const before = mountPoints();
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    const image = await imageOf(calls);
    unavailable = 'Its disk is gone.';

    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    expect(mountPoints()).toEqual(before);
    await expect(machine.loops.listOf(image, signal)).resolves.toEqual([]);
  });

  describe.each<[string, readonly StoreEntry<LocalFileStore>[]]>([
    ['nobody knows', []],
    [
      'is away',
      [{ poolName: 'slow', nodeName: 'a', poolId: 'bbbbbbbb', state: { unavailable: 'No disk.' } }],
    ],
  ])('with the id that a live volume would have in a pool that %s', (_, entries) => {
    test.each(KINDS)('leaves the volume (%s) alone', async (__, access) => {
      const calls = await prepare(access);
      await node.stage(calls, signal);
      await node.publish(calls, signal);
      const before = machine.table();
      const devices = await machine.loops.listOf(await imageOf(calls), signal);
      others = entries;
      const late = { ...calls, volumeId: calls.volumeId.replace(POOL_ID, 'bbbbbbbb') };

      await expect(node.unpublish(late, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      // Nothing is mounted at the staging path of a raw block volume.
      await node.unstage(late, signal).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'PRECONDITION_FAILED' });
      });

      expect(machine.table()).toEqual(before);
      await expect(machine.loops.listOf(await imageOf(calls), signal)).resolves.toEqual(devices);
    });
  });

  test.each<[string, (volumeId: string) => string]>([
    ['in the trash', (id) => `/pool/.stowage/trash/${id}.abcd/data`],
    ['in the trash, and deleted', (id) => `/pool/.stowage/trash/${id}.abcd/data//deleted`],
    ['deleted by hand', (id) => `/pool/volumes/${id.split('-')[1]}/data//deleted`],
  ])('removes the mount of a removed volume that is %s', async (_, toRoot) => {
    const calls = await prepare(mount());
    await store.deleteVolume({ id: calls.volumeId }, signal);
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:7', root: toRoot(calls.volumeId) });

    await node.unstage(calls, signal);

    expect(mountPoints()).not.toContain(calls.stagingPath);
  });

  test.each<[string, (volumeId: string) => string]>([
    ['of another in the trash', () => `/pool/.stowage/trash/volume.abcd/data`],
    [
      'in the place of the volume, in a pool that nobody knows',
      (id) => `/x/volumes/${id.split('-')[1]}/data`,
    ],
  ])('leaves what is mounted %s alone once the volume is gone', async (_, toRoot) => {
    const calls = await prepare(mount());
    await store.deleteVolume({ id: calls.volumeId }, signal);
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:7', root: toRoot(calls.volumeId) });

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('works for a volume whose data was deleted by hand while it was mounted', async () => {
    const calls = await prepare(mount());
    const root = `${await imageOf(calls)}//deleted`;
    await rm(await imageOf(calls), { recursive: true });
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:0', root });

    await node.unstage(calls, signal);

    expect(mountPoints()).not.toContain(calls.stagingPath);
  });

  test('never touches a successor in the directory of a removed volume', async () => {
    const first = await prepare(mount(), { name: 'same' });
    await store.deleteVolume({ id: first.volumeId }, signal);
    const second = await prepare(mount(), { name: 'same' });
    await node.stage(second, signal);

    const late = { volumeId: first.volumeId, stagingPath: second.stagingPath };

    await expect(node.unstage(late, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(mountPoints()).toContain(second.stagingPath);
  });
});

describe('health', () => {
  test('of a volume whose pool is away is an answer', async () => {
    const calls = await prepare(mount());
    unavailable = 'Its disk is gone.';
    const asked = { volumeId: calls.volumeId, publishPath: undefined, stagingPath: undefined };

    const health = await node.health?.getVolumeHealth(asked, signal);
    const storage = await node.health?.getStorageHealth(signal);

    expect(health?.statuses).toMatchObject([{ status: 'INACCESSIBLE', reason: 'PoolUnavailable' }]);
    expect(storage).toMatchObject([{ status: 'UNREACHABLE', reason: 'PoolUnavailable' }]);
  });
});

describe('a restart at any point', () => {
  test('identical calls go on where the machine stands', async () => {
    const calls = await prepare(mount('xfs'));
    await node.stage(calls, signal);
    node = createNode();
    await node.publish(calls, signal);
    node = createNode();
    machine.reboot();

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    node = createNode();
    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    expect(mountPoints().filter((path) => path.startsWith(directory))).toEqual([]);
  });
});

async function imageOf({ volumeId }: PublishOptions): Promise<string> {
  return (await store.locate({ id: volumeId }, signal)).path;
}
