import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../observability/logger.ts';
import type { InformerOptions } from './informer.ts';
import { Informer } from './informer.ts';
import { PODS } from './kinds.ts';
import type { ApiObject } from './resource.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const PATH = '/api/v1/namespaces/storage/pods';
const schema = z.looseObject({ metadata: ObjectMeta });
const LONG_MS = 60_000;

/** An informer that runs until it is disposed, on a clock that the test owns. */
async function startInformer(api: FakeApiServer, options: Partial<InformerOptions<ApiObject>> = {}) {
  await using undo = new AsyncDisposableStack();
  const clock = new FakeClock();
  const client = undo.use(api.createClient({ deadlineMs: 100 }));
  const warnings: string[] = [];
  const waiters = new Set<() => void>();
  const informer = new Informer({
    resource: new ApiResource(client, PODS, { namespace: 'storage', schema }),
    selector: {},
    clock,
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    onChange: () => {
      for (const check of waiters) check();
    },
    ...options,
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  undo.defer(async () => {
    stop.abort();
    await running;
  });

  /** Resolves when exactly these are known. */
  async function whenKnown(...names: readonly string[]): Promise<void> {
    const isKnown = (): boolean =>
      informer.hasSynced && names.join() === informer.objects.map(({ metadata }) => metadata.name).join();
    if (isKnown()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isKnown()) resolve();
    };
    waiters.add(check);
    await promise;
    waiters.delete(check);
  }

  const owned = undo.move();
  return { informer, clock, warnings, whenKnown, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function add(api: FakeApiServer, name: string): void {
  api.store.create(PATH, { metadata: { name, namespace: 'storage' } });
}

/** Resolves when the request that comes next has been seen. */
async function whenRequested(api: FakeApiServer, verb: string, count: number): Promise<void> {
  while (api.requests.filter((request) => request.verb === verb).length < count) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function verbsOf(api: FakeApiServer): readonly string[] {
  return api.requests.map(({ verb }) => verb);
}

describe('an informer', () => {
  it('lists once and follows from there', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');

    add(api, 'b');
    await started.whenKnown('a', 'b');
    api.store.delete(PATH, 'a');
    await started.whenKnown('b');

    expect(verbsOf(api)).toEqual(['list', 'watch']);
  });

  it('goes on from the last version when a watch breaks, and misses nothing', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');
    await whenRequested(api, 'watch', 1);
    add(api, 'b');
    await started.whenKnown('a', 'b');

    api.dropWatches();
    api.store.delete(PATH, 'a');
    await started.clock.whenSleeping();
    started.clock.advance(LONG_MS);
    await started.whenKnown('b');

    expect(verbsOf(api)).toEqual(['list', 'watch', 'watch']);
  });

  it('goes on from a bookmark, so that a quiet kind of objects does not grow too old', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');
    await whenRequested(api, 'watch', 1);

    api.store.skipVersions(1000);
    api.sendBookmarks();
    // What is sent after the bookmark has been read with it.
    add(api, 'b');
    await started.whenKnown('a', 'b');
    api.dropWatches();
    await started.clock.whenSleeping();
    started.clock.advance(LONG_MS);
    await whenRequested(api, 'watch', 2);

    expect(Number(api.requests.at(-1)?.query.get('resourceVersion'))).toBeGreaterThan(1100);
    expect(verbsOf(api)).toEqual(['list', 'watch', 'watch']);
  });

  it('lists again at once when a watch says that the history is gone', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');
    await whenRequested(api, 'watch', 1);

    api.expireWatches();
    add(api, 'b');
    await started.whenKnown('a', 'b');

    expect(verbsOf(api).filter((verb) => verb === 'list')).toHaveLength(2);
    expect(started.warnings).toEqual([]);
  });

  it('lists again when a watch cannot begin where the last one ended', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');
    await whenRequested(api, 'watch', 1);

    api.store.delete(PATH, 'a');
    await started.whenKnown();
    api.dropWatches();
    add(api, 'b');
    api.store.forgetHistory();
    await started.clock.whenSleeping();
    started.clock.advance(LONG_MS);
    // The watch is refused with 410, which is no first failure any more: the list comes after a pause.
    await whenRequested(api, 'watch', 2);
    await started.clock.whenSleeping();
    started.clock.advance(LONG_MS);

    await started.whenKnown('b');
    expect(verbsOf(api).slice(0, 4)).toEqual(['list', 'watch', 'watch', 'list']);
  });

  it('gives up a watch that is silent for longer than the API would keep it', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    api.fail('stall', ({ verb }) => verb === 'watch');
    await using started = await startInformer(api, { watch: { lastMs: 20, graceMs: 300 } });
    await started.whenKnown('a');

    await started.clock.whenSleeping();
    add(api, 'b');
    started.clock.advance(LONG_MS);

    await started.whenKnown('a', 'b');
    expect(verbsOf(api)).toEqual(['list', 'watch', 'watch']);
  });

  it('pauses longer with every failure, says so once, and lists again after some', async () => {
    await using api = await startFakeApi();
    api.fail({ status: 500 }, undefined, 6);
    await using started = await startInformer(api);
    const pausesMs: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await started.clock.whenSleeping();
      const before = started.clock.now();
      while (api.requests.length === attempt + 1) {
        started.clock.advance(100);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      pausesMs.push(started.clock.now() - before);
    }
    await started.whenKnown();

    expect(started.warnings).toHaveLength(1);
    for (const [index, leastMs] of [500, 1000, 2000, 4000, 8000, 15_000].entries()) {
      expect(pausesMs[index]).toBeGreaterThanOrEqual(leastMs);
    }
  });

  it('waits as long as the API asks', async () => {
    await using api = await startFakeApi();
    api.fail({ status: 429, headers: { 'retry-after': '20' } });
    await using started = await startInformer(api);

    await started.clock.whenSleeping();
    started.clock.advance(19_000);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(api.requests).toHaveLength(1);

    started.clock.advance(1_000);
    await started.whenKnown();
  });

  it('lists again when it cannot follow for long: the API may have been set back to an older state', async () => {
    await using api = await startFakeApi();
    add(api, 'a');
    await using started = await startInformer(api);
    await started.whenKnown('a');
    await whenRequested(api, 'watch', 1);

    api.fail({ status: 504 }, ({ verb }) => verb === 'watch', 3);
    api.dropWatches();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await started.clock.whenSleeping();
      started.clock.advance(LONG_MS);
      await whenRequested(api, attempt < 3 ? 'watch' : 'list', 2);
    }

    expect(verbsOf(api).filter((verb) => verb === 'list')).toHaveLength(2);
  });

  it('ends when it is told to, even in a pause', async () => {
    await using api = await startFakeApi();
    api.fail({ status: 500 });

    await using started = await startInformer(api);
    await started.clock.whenSleeping();

    expect(started.informer.hasSynced).toBe(false);
  });
});
