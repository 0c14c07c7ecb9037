import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeMachine } from '../../../../test/support/fake-machine.ts';
import { type FakeNode, makeFakeNode, toMountAccess } from '../../../../test/support/fake-node.ts';
import type { NodeBackend } from '../../backend.ts';

const { signal } = new AbortController();
const failure = new Error('the test made this fail');

let fixture: FakeNode;
let machine: FakeMachine;
let node: NodeBackend;

beforeEach(async () => {
  fixture = await makeFakeNode();
  ({ machine } = fixture);
  node = fixture.createNode();
});
afterEach(async () => await fixture[Symbol.asyncDispose]());

describe('the device of an image', () => {
  test('that goes with its last user is not staged, until a stage takes that back', async () => {
    const calls = await fixture.prepare({ kind: 'block' });
    const image = await fixture.getContentPath(calls);
    await node.stage(calls, signal);
    machine.busy.add(image);
    await expect(node.unstage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });

    await expect(node.publish(calls, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await node.stage(calls, signal);
    await node.publish(calls, signal);

    await expect(machine.loops.listOf(image, signal)).resolves.toMatchObject([{ detaching: false }]);
  });

  test('is not published when it has let go of the image in the meantime', async () => {
    const calls = await fixture.prepare({ kind: 'block' });
    await node.stage(calls, signal);
    machine.failNext('keep', failure);

    await expect(node.publish(calls, signal)).rejects.toBe(failure);

    expect(fixture.listMountPoints()).not.toContain(calls.targetPath);
  });

  test('is none that somebody attached to a part of it', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    const [device, majorMinor] = ['/dev/loop5', '7:5'];
    const part = { device, majorMinor, readOnly: false, detaching: false, partial: true };
    const loops = { ...machine.loops, listOf: () => Promise.resolve([part]) };
    machine.mountForeign(calls.stagingPath, { majorMinor, source: device, fsType: 'ext4' });

    const staged = fixture.createNode({ context: { loops } }).stage(calls, signal);

    await expect(staged).rejects.toMatchObject({ code: 'PUBLISH_INCOMPATIBLE' });
  });
});
