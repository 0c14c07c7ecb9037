import { describe, expect, it } from 'vitest';
import type { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Lease } from '../base/lease.ts';
import { silentLogger } from '../observability/logger.ts';
import { ApiClient } from './client.ts';
import { createKubernetesLease } from './lease.ts';

const DAY_MS = 24 * 3_600_000;
const LEASES_PATH = '/apis/coordination.k8s.io/v1/namespaces/storage/leases';

/** `setMs`: by how much somebody has set the clock of that machine. */
function createLease(client: ApiClient, identity: string, clock: FakeClock, setMs = () => 0): Lease {
  return createKubernetesLease({
    client,
    namespace: 'storage',
    name: 'background',
    identity,
    clock: {
      now: () => clock.now() + setMs(),
      monotonic: () => clock.monotonic(),
      sleep: async (ms, signal) => await clock.sleep(ms, signal),
    },
    logger: silentLogger,
  });
}

/** Work that goes on until it is told to stop, and says when it begins and ends. */
function createWork() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let running = 0;
  let runs = 0;
  const stop = new AbortController();
  return {
    begun: begun.promise,
    ended: ended.promise,
    get running() {
      return running;
    },
    get runs() {
      return runs;
    },
    stop,
    work: async (signal: AbortSignal): Promise<void> => {
      running += 1;
      runs += 1;
      begun.resolve();
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
        if (signal.aborted) resolve();
      });
      running -= 1;
      ended.resolve();
    },
  };
}

function holderOf(api: FakeApiServer): unknown {
  const spec = api.store.get(LEASES_PATH, 'background')['spec'] as Record<string, unknown>;
  return spec['holderIdentity'];
}

/** Lets time pass in small steps, so that whoever sleeps gets on, until something has come true. */
async function passUntil(clock: FakeClock, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    clock.advance(100);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

describe('a lease', () => {
  it('is held by who comes first, and given back at the end', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const work = createWork();
    const running = createLease(client, 'one', clock).holdWhile(work.work, work.stop.signal);
    await work.begun;

    expect(holderOf(api)).toBe('one');
    work.stop.abort();
    await running;

    expect(work.running).toBe(0);
    expect(holderOf(api)).toBe('');
    expect(api.store.get(LEASES_PATH, 'background')['spec']).toMatchObject({
      leaseDurationSeconds: 15,
      renewTime: expect.stringMatching(/\.\d{6}Z$/),
      leaseTransitions: 0,
    });
  });

  it('goes to the next one as soon as it is given back', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const [first, second] = [createWork(), createWork()];
    const running = createLease(client, 'one', clock).holdWhile(first.work, first.stop.signal);
    await first.begun;
    const waiting = createLease(client, 'two', clock).holdWhile(second.work, second.stop.signal);
    await clock.whenSleeping(2);

    expect(second.runs).toBe(0);
    first.stop.abort();
    await running;
    await passUntil(clock, () => second.runs === 1);

    expect(holderOf(api)).toBe('two');
    second.stop.abort();
    await waiting;
  });

  it('is renewed for as long as the work goes on', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const [first, second] = [createWork(), createWork()];
    const running = createLease(client, 'one', clock).holdWhile(first.work, first.stop.signal);
    await first.begun;
    const waiting = createLease(client, 'two', clock).holdWhile(second.work, second.stop.signal);
    const end = clock.now() + 60_000;

    await passUntil(clock, () => clock.now() >= end);

    expect([first.running, second.runs]).toEqual([1, 0]);
    first.stop.abort();
    second.stop.abort();
    await Promise.all([running, waiting]);
  });

  it.for([
    ['', 0],
    [', also when a clock was set forward meanwhile', 3_600_000],
  ] as const)(
    'of a holder that died goes to another one after its time, and not before%s',
    async ([, setMs]) => {
      await using api = await startFakeApi();
      using client = api.createClient();
      const clock = new FakeClock();
      // Its clock was far ahead: that must not matter.
      api.store.create(LEASES_PATH, {
        metadata: { name: 'background' },
        spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2099-01-01T00:00:00.000000Z' },
      });
      const work = createWork();
      const began = clock.now();
      const ahead = (): number => (clock.now() > began ? setMs : 0);
      const running = createLease(client, 'one', clock, ahead).holdWhile(work.work, work.stop.signal);
      await clock.whenSleeping();

      await passUntil(clock, () => work.runs === 1);

      expect(clock.now() - began).toBeGreaterThanOrEqual(15_000);
      expect(api.store.get(LEASES_PATH, 'background')['spec']).toMatchObject({ leaseTransitions: 1 });
      work.stop.abort();
      await running;
    },
  );

  it.for([
    ['', 0],
    [', although the clock of its holder was set back', -3_600_000],
  ] as const)('that cannot be renewed ends the work before anybody else may begin%s', async ([, setMs]) => {
    await using api = await startFakeApi();
    using client = api.createClient();
    let isAway = false;
    const access = api.createAccess();
    const route = async () =>
      isAway ? Promise.reject(new Error('no way to the API')) : await access.route();
    using cutOff = new ApiClient({ access: { ...access, route } });
    const clock = new FakeClock();
    const [first, second] = [createWork(), createWork()];
    const back = (): number => (isAway ? setMs : 0);
    const running = createLease(cutOff, 'one', clock, back).holdWhile(first.work, first.stop.signal);
    await first.begun;
    isAway = true;
    const waiting = createLease(client, 'two', clock).holdWhile(second.work, second.stop.signal);
    let together = 0;

    await passUntil(clock, () => {
      together = Math.max(together, first.running + second.running);
      return second.runs === 1;
    });

    expect(together).toBe(1);
    expect(first.running).toBe(0);
    first.stop.abort();
    second.stop.abort();
    await Promise.all([running, waiting]);
  });

  it('goes to another one when its holder is gone, and not before, however that one’s clock is set', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const other = new FakeClock();
    const [first, second] = [createWork(), createWork()];
    const running = createLease(client, 'one', clock).holdWhile(first.work, first.stop.signal);
    await first.begun;
    const waiting = createLease(client, 'two', other).holdWhile(second.work, second.stop.signal);
    await other.whenSleeping();
    other.set(DAY_MS);
    const passed = clock.monotonic() + 30_000;
    await passUntil(clock, () => (other.advance(100), clock.monotonic() >= passed));
    expect([first.running, second.runs]).toEqual([1, 0]);

    // From here on the holder is as good as dead: its time stands still. The other one sees its last renewal first.
    const seen = other.monotonic() + 4_000;
    await passUntil(other, () => other.monotonic() >= seen);
    other.set(-2 * DAY_MS);
    const late = other.monotonic() + 20_000;
    await passUntil(other, () => second.runs === 1 || other.monotonic() >= late);

    expect(second.runs).toBe(1);
    first.stop.abort();
    second.stop.abort();
    await Promise.all([running, waiting]);
  });

  it('that somebody else took ends the work, which begins again when it can be had', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const work = createWork();
    const running = createLease(client, 'one', clock).holdWhile(work.work, work.stop.signal);
    await work.begun;

    api.store.replace(LEASES_PATH, 'background', {
      metadata: { name: 'background' },
      spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 },
    });
    await passUntil(clock, () => work.running === 0);
    const ended = clock.now();
    await passUntil(clock, () => work.runs === 2);

    expect(clock.now() - ended).toBeGreaterThanOrEqual(13_000);
    work.stop.abort();
    await running;
  });

  it('survives renewals whose answers are lost', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    const work = createWork();
    const running = createLease(client, 'one', clock).holdWhile(work.work, work.stop.signal);
    await work.begun;
    const before = api.store.get(LEASES_PATH, 'background');
    const spec = { ...(before['spec'] as object), renewTime: 'of a renewal that was not answered' };

    api.store.replace(LEASES_PATH, 'background', { metadata: { name: 'background' }, spec });
    const end = clock.now() + 30_000;
    await passUntil(clock, () => clock.now() >= end);

    expect([work.runs, work.running]).toEqual([1, 1]);
    work.stop.abort();
    await running;
  });

  it('is asked for until it can be, while Kubernetes is away', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    api.fail({ status: 503 }, undefined, 3);
    const work = createWork();

    const running = createLease(client, 'one', clock).holdWhile(work.work, work.stop.signal);
    await passUntil(clock, () => work.runs === 1);

    work.stop.abort();
    await expect(running).resolves.toBeUndefined();
  });

  it('is not waited for by who is told to stop', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock();
    api.store.create(LEASES_PATH, { metadata: { name: 'background' }, spec: { holderIdentity: 'other' } });
    const work = createWork();

    const running = createLease(client, 'one', clock).holdWhile(work.work, work.stop.signal);
    await clock.whenSleeping();
    work.stop.abort();

    await expect(running).resolves.toBeUndefined();
    expect([work.runs, holderOf(api)]).toEqual([0, 'other']);
  });

  it('is given back when the work is done or fails', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const lease = createLease(client, 'one', new FakeClock());
    const { signal } = new AbortController();

    await lease.holdWhile(async () => undefined, signal);
    expect(holderOf(api)).toBe('');
    await expect(lease.holdWhile(() => Promise.reject(new Error('broken')), signal)).rejects.toThrow(
      'broken',
    );
    expect(holderOf(api)).toBe('');
  });
});
