import { describe, expect, it } from 'vitest';
import { createFakeLease } from '../../test/support/fake-lease.ts';
import type { Lease } from './lease.ts';
import { shareLease } from './shared-lease.ts';

/** A lease that the test gives and takes, which counts who holds it. */
function createScene() {
  const fake = createFakeLease();
  let holders = 0;
  let most = 0;
  const lease: Lease = {
    holdWhile: async (work, signal) =>
      await fake.holdWhile(async (held) => {
        holders += 1;
        most = Math.max(most, holders);
        await work(held);
        holders -= 1;
      }, signal),
  };
  return {
    shared: shareLease(lease),
    give: () => fake.give(),
    take: () => fake.take(),
    get holders() {
      return holders;
    },
    get most() {
      return most;
    },
  };
}

/** Work that goes on until its signal aborts, and then for as long as the test wants. */
function createWork() {
  let begun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  let runs = 0;
  return {
    get begun() {
      return begun.promise;
    },
    get runs() {
      return runs;
    },
    expectAnother: () => {
      begun = Promise.withResolvers<void>();
    },
    letEnd: () => mayEnd.resolve(),
    work: async (signal: AbortSignal): Promise<void> => {
      runs += 1;
      begun.resolve();
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await mayEnd.promise;
    },
  };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a shared lease', () => {
  it('is held once for all works', async () => {
    const scene = createScene();
    const stop = new AbortController();
    const [a, b] = [createWork(), createWork()];
    const all = [a, b].map(({ work }) => scene.shared.holdWhile(work, stop.signal));

    await turn();
    expect([a.runs, b.runs]).toEqual([0, 0]);
    scene.give();
    await Promise.all([a.begun, b.begun]);
    expect(scene.most).toBe(1);

    a.letEnd();
    b.letEnd();
    stop.abort();
    await Promise.all(all);
    expect(scene.holders).toBe(0);
  });

  it('is given back only when all have ended', async () => {
    const scene = createScene();
    const [stopA, stopB] = [new AbortController(), new AbortController()];
    const [a, b] = [createWork(), createWork()];
    scene.give();
    const runningA = scene.shared.holdWhile(a.work, stopA.signal);
    const runningB = scene.shared.holdWhile(b.work, stopB.signal);
    await Promise.all([a.begun, b.begun]);

    a.letEnd();
    stopA.abort();
    await runningA;
    expect(scene.holders).toBe(1);

    stopB.abort();
    await turn();
    expect(scene.holders).toBe(1);
    b.letEnd();
    await runningB;
    expect(scene.holders).toBe(0);
  });

  it('that is lost is held again only after every work of before has ended', async () => {
    const scene = createScene();
    const stop = new AbortController();
    const [a, b] = [createWork(), createWork()];
    scene.give();
    const all = [a, b].map(({ work }) => scene.shared.holdWhile(work, stop.signal));
    await Promise.all([a.begun, b.begun]);

    scene.take();
    a.expectAnother();
    b.expectAnother();
    scene.give();
    a.letEnd();
    await turn();
    expect([a.runs, b.runs]).toEqual([1, 1]);
    b.letEnd();
    await Promise.all([a.begun, b.begun]);

    expect([a.runs, b.runs, scene.most]).toEqual([2, 2, 1]);
    stop.abort();
    await Promise.all(all);
  });

  it('lets one work end without the others, and hands on what it throws', async () => {
    const scene = createScene();
    const stop = new AbortController();
    const a = createWork();
    scene.give();
    const running = scene.shared.holdWhile(a.work, stop.signal);
    await a.begun;

    await expect(
      scene.shared.holdWhile(() => Promise.reject(new Error('broken')), stop.signal),
    ).rejects.toThrow('broken');
    await scene.shared.holdWhile(async () => undefined, stop.signal);

    expect(scene.holders).toBe(1);
    a.letEnd();
    stop.abort();
    await running;
  });

  it('can be asked for again later', async () => {
    const scene = createScene();
    const { signal } = new AbortController();
    scene.give();

    await scene.shared.holdWhile(async () => undefined, signal);
    await scene.shared.holdWhile(async () => undefined, signal);

    expect(scene.holders).toBe(0);
  });
});
