import { lstat, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeMachine } from '../../../../test/support/fake-machine.ts';
import { type FakeNode, makeFakeNode, toMountAccess } from '../../../../test/support/fake-node.ts';
import type { FsType } from '../../../domain/access.ts';
import { SystemCallError } from '../../../host/errno.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { NodeBackend } from '../../backend.ts';

const { signal } = new AbortController();
const failure = new Error('the test made this fail');

let fixture: FakeNode;
let directory: string;
let machine: FakeMachine;
let node: NodeBackend;

beforeEach(async () => {
  fixture = await makeFakeNode();
  ({ directory, machine } = fixture);
  node = fixture.createNode();
});
afterEach(async () => await fixture[Symbol.asyncDispose]());

describe('staging an image', () => {
  test('makes the file system once, and checks and grows it from then on', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));

    for (let round = 0; round < 2; round += 1) {
      await node.stage(calls, signal);
      await node.unstage(calls, signal);
    }

    expect(machine.calls).toEqual(['mkfs.ext4', 'grow ext4 offline']);
  });

  test.each(['xfs', 'btrfs'] as const)('%s grows once it is mounted', async (fsType) => {
    const calls = await fixture.prepare(toMountAccess(fsType));
    await node.stage(calls, signal);
    await node.unstage(calls, signal);

    await node.stage(calls, signal);

    expect(machine.calls).toEqual([`mkfs.${fsType}`, `grow ${fsType} online`]);
  });

  test.each(['ensure', 'format', 'mount'])(
    'that fails at "%s" leaves no device and no mount',
    async (step) => {
      const calls = await fixture.prepare(toMountAccess('ext4'));
      const before = fixture.listMountPoints();
      machine.failNext(step, failure);

      await expect(node.stage(calls, signal)).rejects.toBe(failure);

      expect(fixture.listMountPoints()).toEqual(before);
      await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toEqual([]);
      await expect(node.stage(calls, signal)).resolves.toBeUndefined();
    },
  );

  test('that fails after the mount takes the mount back, too', async () => {
    const calls = await fixture.prepare(toMountAccess('xfs'));
    await node.stage(calls, signal);
    await node.unstage(calls, signal);
    const before = fixture.listMountPoints();
    machine.failNext('grow', failure);

    await expect(node.stage(calls, signal)).rejects.toBe(failure);

    expect(fixture.listMountPoints()).toEqual(before);
    await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toEqual([]);
  });

  test('that finds a device goes on with it, and does not take it away when it fails', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    const image = await fixture.getContentPath(calls);
    await machine.loops.ensure({ file: image, readOnly: false, sectorSizeBytes: 512 }, signal);
    machine.failNext('mount', failure);

    await expect(node.stage(calls, signal)).rejects.toBe(failure);

    await expect(machine.loops.listOf(image, signal)).resolves.toHaveLength(1);
  });

  test('at a second path leaves the file system alone, which is mounted', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    await node.stage(calls, signal);
    const second = { ...calls, stagingPath: join(directory, 'second') };
    await mkdir(second.stagingPath);
    machine.failNext('check', failure);

    await node.stage(second, signal);

    expect(fixture.listMountPoints()).toContain(second.stagingPath);
    expect(machine.calls).toEqual(['mkfs.ext4']);
  });

  test.each(['ro', 'emergency_ro', 'shutdown'])(
    'again leaves a file system alone that an error has stopped (%s)',
    async (word) => {
      const calls = await fixture.prepare(toMountAccess('btrfs'));
      await node.stage(calls, signal);
      const fail = (entry: MountEntry) => ({ ...entry, superOptions: [word] });
      const list = async (own: AbortSignal) => (await machine.mounts.list(own)).map((entry) => fail(entry));
      const context = { mounts: { ...machine.mounts, list } };
      machine.failNext('grow', failure);

      const again = fixture.createNode({ context }).stage(calls, signal);

      await expect(again).resolves.toBeUndefined();
    },
  );

  test.each([
    ['EINVAL', 'mountOptions'],
    ['EUCLEAN', 'dmesg'],
  ])('that the kernel refuses with %s is a sentence', async (code, hint) => {
    const access = { kind: 'mount', fsType: 'ext4', mountFlags: ['nonsense'] } as const;
    const calls = await fixture.prepare(access);
    machine.failNext('mount', new SystemCallError({ code, errno: 1, syscall: 'mount', message: code }));

    await expect(node.stage(calls, signal)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(hint),
    });
  });

  test('gives a btrfs clone an identity of its own, once', async () => {
    const source = await fixture.prepare(toMountAccess('btrfs'));
    const clone = await fixture.prepare(toMountAccess('btrfs'), {
      source: { kind: 'volume', id: source.volumeId },
    });

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
    const calls = await fixture.prepare(toMountAccess());
    await symlink(directory, `${directory}-link`);
    const linked = (path: string) => path.replace(directory, `${directory}-link`);
    const other = { ...calls, stagingPath: linked(calls.stagingPath), targetPath: linked(calls.targetPath) };

    await node.stage(calls, signal);
    await node.stage(other, signal);
    await node.publish(calls, signal);
    await node.publish(other, signal);

    expect(fixture.listMountPoints().filter((path) => path.startsWith(directory))).toEqual([
      calls.stagingPath,
      calls.targetPath,
    ]);
    await rm(`${directory}-link`);
  });

  test('with something of somebody else on them are left alone', async () => {
    const calls = await fixture.prepare(toMountAccess());
    machine.mountForeign(calls.stagingPath);

    await expect(node.stage(calls, signal)).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(fixture.listMountPoints()).toContain(calls.stagingPath);
  });

  test('a foreign mount on the target survives publish and unpublish', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await node.stage(calls, signal);
    await mkdir(calls.targetPath);
    machine.mountForeign(calls.targetPath);

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
    await expect(node.unpublish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(fixture.listMountPoints()).toContain(calls.targetPath);
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
    const calls = await fixture.prepare(toMountAccess());
    await make(calls.targetPath);

    await expect(node.unpublish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    await expect(readdir(join(calls.targetPath, '..'))).resolves.toContain('target');
  });

  describe.each(['', 'ext4'] as const)('staging (%s)', (fsType) => {
    test.each<[string, (path: string) => Promise<void>]>([
      ['is missing', async () => {}],
      ['is a file', async (path) => await writeFile(path, '')],
      ['is a symbolic link', async (path) => await symlink('/etc', path)],
      ['has a name that is too long', async () => {}],
    ])('is refused at a path that %s', async (what, make) => {
      const calls = await fixture.prepare(toMountAccess(fsType || undefined));
      const name = what.includes('too long') ? 'x'.repeat(256) : 'other';
      const stagingPath = join(directory, name);
      await make(stagingPath);

      const staging = node.stage({ ...calls, stagingPath }, signal);

      await expect(staging).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(fixture.listMountPoints()).not.toContain(stagingPath);
      await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toEqual([]);
    });
  });

  test.each<[string, (path: string) => Promise<void>, FsType | 'block' | undefined]>([
    ['a file, for a file system', async (path) => await writeFile(path, ''), undefined],
    ['a symbolic link', async (path) => await symlink('/etc', path), undefined],
    ['a link that leads nowhere', async (path) => await symlink('/nowhere/x', path), 'block'],
    ['a directory, for a device', async (path) => await mkdir(path), 'block'],
    ['a file that holds something, for a device', async (path) => await writeFile(path, 'x'), 'block'],
  ])('publishing is refused at %s', async (_, make, kind) => {
    const calls = await fixture.prepare(kind === 'block' ? { kind } : toMountAccess(kind));
    await node.stage(calls, signal);
    await make(calls.targetPath);

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    await expect(lstat(calls.targetPath)).resolves.toBeDefined();
    expect(fixture.listMountPoints()).not.toContain(calls.targetPath);
  });

  test('a target whose name is too long is refused, and is nowhere to be unpublished', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await node.stage(calls, signal);
    const long = { ...calls, targetPath: join(directory, 'x'.repeat(256)) };

    await expect(node.publish(long, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(node.unpublish(long, signal)).resolves.toBeUndefined();
  });

  test('a malformed id removes nothing', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await mkdir(calls.targetPath);

    await node.unpublish({ ...calls, volumeId: '../x' }, signal);

    await expect(stat(calls.targetPath)).resolves.toBeDefined();
  });

  test('a target that an earlier call left is taken, one without a parent is refused', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await node.stage(calls, signal);
    await mkdir(calls.targetPath);

    await expect(node.publish(calls, signal)).resolves.toBeUndefined();
    await expect(
      node.publish({ ...calls, targetPath: join(directory, 'no', 'such', 'parent') }, signal),
    ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('a publish that fails removes the target that it made', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await node.stage(calls, signal);
    machine.failNext('bind', failure);

    await expect(node.publish(calls, signal)).rejects.toBe(failure);

    await expect(stat(calls.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('taking down', () => {
  test('removes every layer, whoever put it there', async () => {
    const calls = await fixture.prepare(toMountAccess());
    await node.stage(calls, signal);
    await machine.mounts.bind(
      { source: calls.stagingPath, target: calls.stagingPath, readOnly: false, options: [] },
      signal,
    );

    await node.unstage(calls, signal);

    expect(fixture.listMountPoints()).not.toContain(calls.stagingPath);
  });

  test('waits for the other mounts of an image before it gives the device back', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    await node.stage(calls, signal);
    await node.publish(calls, signal);

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toEqual([]);
  });

  test('does not give a device back while its node lies at a target', async () => {
    const calls = await fixture.prepare({ kind: 'block' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });

    await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toHaveLength(1);
  });

  test('removes the node of a device that was detached behind our back', async () => {
    const calls = await fixture.prepare({ kind: 'block' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    await machine.loops.detachAll(await fixture.getContentPath(calls), signal);

    await node.unpublish(calls, signal);

    expect(fixture.listMountPoints()).not.toContain(calls.targetPath);
  });

  test('leaves the device of another volume at a target alone', async () => {
    const [calls, other] = [
      await fixture.prepare({ kind: 'block' }),
      await fixture.prepare({ kind: 'block' }),
    ];
    await node.stage(other, signal);
    await node.publish(other, signal);

    const wrong = { ...calls, targetPath: other.targetPath };

    await expect(node.unpublish(wrong, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(fixture.listMountPoints()).toContain(other.targetPath);
  });

  test('says so while something uses the mount or the device', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    await node.stage(calls, signal);
    machine.busy.add(calls.stagingPath);
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'VOLUME_IN_USE' });
    machine.busy.clear();
    machine.busy.add(await fixture.getContentPath(calls));
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    machine.busy.clear();

    await expect(node.unstage(calls, signal)).resolves.toBeUndefined();
  });
});

describe('a restart at any point', () => {
  test('identical calls go on where the machine stands', async () => {
    const calls = await fixture.prepare(toMountAccess('xfs'));
    await node.stage(calls, signal);
    node = fixture.createNode();
    await node.publish(calls, signal);
    node = fixture.createNode();
    machine.reboot();

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    node = fixture.createNode();
    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    expect(fixture.listMountPoints().filter((path) => path.startsWith(directory))).toEqual([]);
  });
});
