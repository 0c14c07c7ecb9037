import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { untilDone } from '../../../../test/contract/backend-volumes.ts';
import { type FakeNode, makeFakeNode, toMountAccess } from '../../../../test/support/fake-node.ts';
import type { Filesystem } from '../../../host/filesystems/filesystem.ts';
import type { NodeBackend } from '../../backend.ts';

const { signal } = new AbortController();
const ANSWERS_WITHIN_MS = 20;

let fixture: FakeNode;
let node: NodeBackend;
let checks: PromiseWithResolvers<void>[];
let signals: AbortSignal[];

beforeEach(async () => {
  fixture = await makeFakeNode();
  checks = [];
  signals = [];
  /** Checks that take until the test ends them. */
  const getFilesystem = (type: Filesystem['type']): Filesystem => ({
    ...fixture.machine.getFilesystem(type),
    check: async (_device, own) => {
      const check = Promise.withResolvers<void>();
      checks.push(check);
      signals.push(own);
      await check.promise;
    },
  });
  node = fixture.createNode({ context: { getFilesystem }, stageAnswersWithinMs: ANSWERS_WITHIN_MS });
});
afterEach(async () => await fixture[Symbol.asyncDispose]());

async function prepareMade() {
  const calls = await fixture.prepare(toMountAccess('ext4'));
  await untilDone(() => node.stage(calls, signal));
  await node.unstage(calls, signal);
  return calls;
}

/** The call may have been answered before its work came to the check. */
async function untilChecking(): Promise<void> {
  await expect.poll(() => checks.length, { timeout: 10_000 }).toBe(1);
}

describe('staging a file system that takes long to check', () => {
  test('answers that it goes on, whoever waits for it, and ends staged', async () => {
    const calls = await prepareMade();
    const caller = new AbortController();

    await expect(node.stage(calls, caller.signal)).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
      message: expect.stringContaining(calls.volumeId),
    });
    await untilChecking();
    caller.abort(new Error('the caller left'));
    const again = untilDone(() => node.stage(calls, signal));
    expect(signals.map((each) => each.aborted)).toEqual([false]);
    checks[0]?.resolve();
    await again;

    expect(checks).toHaveLength(1);
    expect(fixture.listMountPoints()).toContain(calls.stagingPath);
  });

  test('lets nobody else change the volume meanwhile', async () => {
    const calls = await prepareMade();
    await expect(node.stage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    await untilChecking();

    const unstaging = node.unstage(calls, AbortSignal.timeout(30));

    await expect(unstaging).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    checks[0]?.resolve();
    await untilDone(() => node.stage(calls, signal));
    await node.unstage(calls, signal);
    expect(fixture.listMountPoints()).not.toContain(calls.stagingPath);
  });

  test('tells the next caller when it has failed after the first had left', async () => {
    const calls = await prepareMade();
    await expect(node.stage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    await untilChecking();

    checks[0]?.reject(new Error('cannot be repaired'));
    await expect
      .poll(async () => await fixture.machine.loops.listOf(await fixture.getContentPath(calls), signal))
      .toEqual([]);

    await expect(node.stage(calls, signal)).rejects.toThrow('cannot be repaired');
  });

  test('ends with the program, and takes back what it did', async () => {
    const calls = await prepareMade();
    await expect(node.stage(calls, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    await untilChecking();

    const closing = node.close?.();
    expect(signals[0]?.aborted).toBe(true);
    checks[0]?.reject(signals[0]?.reason);
    await closing;

    const image = await fixture.getContentPath(calls);
    expect(await fixture.machine.loops.listOf(image, signal)).toEqual([]);
  });
});
