import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeMachine } from '../../../../test/support/fake-machine.ts';
import {
  type FakeNode,
  makeFakeNode,
  POOL_ID,
  toMountAccess,
  VOLUME_KINDS,
} from '../../../../test/support/fake-node.ts';
import type { LocalFileStore } from '../../../filestore/file-store.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';
import type { NodeBackend } from '../../backend.ts';

const { signal } = new AbortController();

let fixture: FakeNode;
let machine: FakeMachine;
let node: NodeBackend;

beforeEach(async () => {
  fixture = await makeFakeNode();
  ({ machine } = fixture);
  node = fixture.createNode();
});
afterEach(async () => await fixture[Symbol.asyncDispose]());

describe('taking down what no record tells of', () => {
  test.each(VOLUME_KINDS)('works while the pool of a volume (%s) is away', async (_, access) => {
    const calls = await fixture.prepare(access);
    const before = fixture.listMountPoints();
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    const image = await fixture.getContentPath(calls);
    fixture.takePoolAway();

    await node.unpublish(calls, signal);
    await node.unstage(calls, signal);

    expect(fixture.listMountPoints()).toEqual(before);
    await expect(machine.loops.listOf(image, signal)).resolves.toEqual([]);
  });

  test('asks nothing of devices over files that are no images, which may be on a disk that hangs', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    await node.stage(calls, signal);
    const asked: (string | undefined)[] = [];
    const syscalls: FakeMachine['syscalls'] = {
      ...machine.syscalls,
      listLoops: async (call, own) => {
        asked.push(call.fileName);
        return await machine.syscalls.listLoops(call, own);
      },
    };
    fixture.takePoolAway();

    await fixture.createNode({ context: { syscalls } }).unstage(calls, signal);

    expect(asked).toEqual(['disk.img']);
  });

  describe.each<[string, readonly StoreEntry<LocalFileStore>[]]>([
    ['nobody knows', []],
    [
      'is away',
      [{ poolName: 'slow', nodeName: 'a', poolId: 'bbbbbbbb', state: { unavailable: 'No disk.' } }],
    ],
  ])('with the id that a live volume would have in a pool that %s', (_, entries) => {
    test.each(VOLUME_KINDS)('leaves the volume (%s) alone', async (__, access) => {
      const calls = await fixture.prepare(access);
      await node.stage(calls, signal);
      await node.publish(calls, signal);
      const before = machine.table();
      const devices = await machine.loops.listOf(await fixture.getContentPath(calls), signal);
      for (const entry of entries) fixture.addPool(entry);
      const late = { ...calls, volumeId: calls.volumeId.replace(POOL_ID, 'bbbbbbbb') };

      await expect(node.unpublish(late, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      // Nothing is mounted at the staging path of a raw block volume, so that there it succeeds.
      await Promise.allSettled([node.unstage(late, signal)]);

      expect(machine.table()).toEqual(before);
      await expect(machine.loops.listOf(await fixture.getContentPath(calls), signal)).resolves.toEqual(
        devices,
      );
    });
  });

  test.each<[string, (volumeId: string) => string]>([
    ['in the trash', (id) => `/pool/.stowage/trash/${id}.abcd/data`],
    ['in the trash, and deleted', (id) => `/pool/.stowage/trash/${id}.abcd/data//deleted`],
    ['deleted by hand', (id) => `/pool/volumes/${id.split('-')[1]}/data//deleted`],
  ])('removes the mount of a removed volume that is %s', async (_, toRoot) => {
    const calls = await fixture.prepare(toMountAccess());
    await fixture.store.deleteVolume({ id: calls.volumeId }, signal);
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:7', root: toRoot(calls.volumeId) });

    await node.unstage(calls, signal);

    expect(fixture.listMountPoints()).not.toContain(calls.stagingPath);
  });

  test.each<[string, (volumeId: string) => string]>([
    ['of another in the trash', () => `/pool/.stowage/trash/volume.abcd/data`],
    [
      'in the place of the volume, in a pool that nobody knows',
      (id) => `/x/volumes/${id.split('-')[1]}/data`,
    ],
  ])('leaves what is mounted %s alone once the volume is gone', async (_, toRoot) => {
    const calls = await fixture.prepare(toMountAccess());
    await fixture.store.deleteVolume({ id: calls.volumeId }, signal);
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:7', root: toRoot(calls.volumeId) });

    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('works for a volume whose data was deleted by hand while it was mounted', async () => {
    const calls = await fixture.prepare(toMountAccess());
    const root = `${await fixture.getContentPath(calls)}//deleted`;
    await rm(await fixture.getContentPath(calls), { recursive: true });
    machine.mountForeign(calls.stagingPath, { majorMinor: '254:0', root });

    await node.unstage(calls, signal);

    expect(fixture.listMountPoints()).not.toContain(calls.stagingPath);
  });

  test('never touches a successor in the directory of a removed volume', async () => {
    const first = await fixture.prepare(toMountAccess(), { name: 'same' });
    await fixture.store.deleteVolume({ id: first.volumeId }, signal);
    const second = await fixture.prepare(toMountAccess(), { name: 'same' });
    await node.stage(second, signal);

    const late = { volumeId: first.volumeId, stagingPath: second.stagingPath };

    await expect(node.unstage(late, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(fixture.listMountPoints()).toContain(second.stagingPath);
  });
});
