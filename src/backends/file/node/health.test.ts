import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeMachine } from '../../../../test/support/fake-machine.ts';
import { type FakeNode, makeFakeNode, toMountAccess } from '../../../../test/support/fake-node.ts';
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

describe('health', () => {
  test('of a volume whose pool is away is an answer', async () => {
    const calls = await fixture.prepare(toMountAccess());
    fixture.takePoolAway();
    const asked = { volumeId: calls.volumeId, publishPath: undefined, stagingPath: undefined };

    const health = await node.health?.getVolumeHealth(asked, signal);
    const storage = await node.health?.getStorageHealth(signal);

    expect(health?.statuses).toMatchObject([{ status: 'INACCESSIBLE', reason: 'PoolUnavailable' }]);
    expect(storage).toMatchObject([{ status: 'UNREACHABLE', reason: 'PoolUnavailable' }]);
  });

  test('is asked of a mount of the volume that nothing hides', async () => {
    const calls = await fixture.prepare(toMountAccess('ext4'));
    await node.stage(calls, signal);
    await node.publish(calls, signal);
    machine.mountForeign(calls.stagingPath);
    const asked = { volumeId: calls.volumeId, publishPath: calls.targetPath, stagingPath: undefined };

    await node.health?.getVolumeHealth(asked, signal);

    expect(machine.calls).toContain(`statfs ${calls.targetPath}`);
  });
});
