import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../../test/support/fake-file-store.ts';
import {
  createTestWorker,
  type TestWorker,
  toOpening,
  toPoolRecord,
} from '../../../test/support/worker-stores.ts';
import { DriverError } from '../../domain/errors.ts';
import type { PoolEvents } from '../open-pool.ts';
import type { StoreOpening } from './store-verbs.ts';
import { createWorkerOpener } from './worker-opener.ts';

const never = new AbortController().signal;
const POOL = {
  name: 'shared',
  path: '/srv',
  backing: { type: 'none' },
  overcommit: 1,
  lowWaterPercent: 5,
} as const;
const REQUEST = { pool: POOL, admittance: undefined };
const store = createFakeFileStore({ poolId: 'aaaaaaaa' });

interface Scene extends AsyncDisposable {
  readonly test: TestWorker;
  readonly opener: ReturnType<typeof createWorkerOpener>;
  /** What was told of the pool, in order. */
  readonly events: PoolEvents;
  readonly told: readonly string[];
  lose(error: DriverError): void;
}

function createScene(
  changes: Partial<StoreOpening> = {},
  { opensWithinMs = 60_000, verbs = {}, claim = (): void => undefined } = {},
): Scene {
  const test = createTestWorker(toOpening(store, changes), verbs);
  const told: string[] = [];
  let lost: ((error: DriverError) => void) | undefined;
  const opener = createWorkerOpener(
    {
      get: () => test.worker,
      onLost: (_poolName, listener) => void (lost = listener),
      describe: () => 'server of nfs1:/srv',
    },
    { opensWithinMs },
  );
  return {
    test,
    opener,
    told,
    events: {
      claim: (record) => {
        told.push(`claim ${record.poolId}`);
        claim();
      },
      lost: (error) => void told.push(`lost: ${error.message}`),
    },
    lose: (error) => lost?.(error),
    [Symbol.asyncDispose]: async () => await test[Symbol.asyncDispose](),
  };
}

describe('a pool that is opened in its worker', () => {
  it('is the store of the worker, which says what it is first', async () => {
    await using scene = createScene();
    const { opener, events, told } = scene;

    const opened = await opener.open(REQUEST, events, never);

    expect(told).toEqual(['claim aaaaaaaa']);
    expect(opened?.poolId).toBe('aaaaaaaa');
    expect(opened?.abilities).toEqual(store.abilities);
    await expect(opened?.getRoom(never)).resolves.toEqual(await store.getRoom(never));
    await expect(opener.probe(POOL)).resolves.toBeUndefined();
  });

  it('waits for the word of a controller, which the worker is told then', async () => {
    const word = { knownPoolId: 'aaaaaaaa', clusterId: 'cluster' };
    await using scene = createScene({
      open: async (admittance) => {
        await Promise.resolve();
        return admittance === undefined ? undefined : { store, record: toPoolRecord('aaaaaaaa') };
      },
    });
    const { opener, events, told } = scene;

    await expect(opener.open(REQUEST, events, never)).resolves.toBeUndefined();
    expect(told).toEqual([]);
    await expect(opener.open({ pool: POOL, admittance: word }, events, never)).resolves.toBeDefined();
  });

  it('is closed in the worker when it must not be used', async () => {
    const closed: string[] = [];
    const own = { ...store, close: async () => void (await Promise.resolve(closed.push('closed'))) };
    await using scene = createScene(
      { open: async () => await Promise.resolve({ store: own, record: toPoolRecord('aaaaaaaa') }) },
      {
        claim: () => {
          throw new DriverError('POOL_UNAVAILABLE', 'Another pool has this id.');
        },
      },
    );

    await expect(scene.opener.open(REQUEST, scene.events, never)).rejects.toThrow(
      'Another pool has this id.',
    );
    expect(closed).toEqual(['closed']);
  });

  it('is told to be lost by the worker, also while its answer is on its way', async () => {
    await using scene = createScene({
      open: async () => {
        scene.lose(new DriverError('POOL_UNAVAILABLE', 'Its mount is gone.'));
        return await Promise.resolve({ store, record: toPoolRecord('aaaaaaaa') });
      },
    });

    await scene.opener.open(REQUEST, scene.events, never);

    expect(scene.told).toContain('lost: Its mount is gone.');
  });

  it('whose worker does not get there in time is not available, and keeps its worker, which others use', async () => {
    await using scene = createScene(
      {
        open: async (_admittance, _lost, signal) => {
          const { promise, reject } = Promise.withResolvers<never>();
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          return await promise;
        },
      },
      { opensWithinMs: 1 },
    );
    const { opener, events, test } = scene;

    await expect(opener.open(REQUEST, events, never)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/^The server of nfs1:\/srv of pool shared does not answer: /),
    });

    expect(test.processes.map(({ kills }) => kills)).toEqual([0]);
  });

  it('is asked of a worker that has started, however long that took', async () => {
    let isAsked = false;
    await using scene = createScene(
      {
        open: async (_admittance, _lost, signal) => {
          isAsked = true;
          const { promise, reject } = Promise.withResolvers<never>();
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          return await promise;
        },
      },
      // The timer of a deadline that counts the start as well ends first.
      { opensWithinMs: 1, verbs: { configure: async () => await sleep(20) } },
    );

    await expect(scene.opener.open(REQUEST, scene.events, never)).rejects.toThrow('does not answer');
    expect(isAsked).toBe(true);
  });

  it('keeps its worker when somebody else gives up, or something in the worker takes too long', async () => {
    const tooLong = new DOMException('It took longer than 1 ms.', 'TimeoutError');
    await using scene = createScene({ open: async () => await Promise.reject(tooLong) });
    const { opener, events, test } = scene;

    await expect(opener.open(REQUEST, events, never)).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(opener.open(REQUEST, events, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );

    expect(test.processes.map(({ kills }) => kills)).toEqual([0]);
  });

  it('does not have a worker started only to be closed', async () => {
    await using scene = createScene();
    const opened = await scene.opener.open(REQUEST, scene.events, never);
    scene.test.worker.kill('Enough.');

    await opened?.close();

    expect(scene.test.processes).toHaveLength(1);
  });

  it('shows its room to whoever must not wake the worker, as long as it is fresh', async () => {
    await using scene = createScene();
    const opened = await scene.opener.open(REQUEST, scene.events, never);
    expect(opened?.peekRoom?.()).toBeUndefined();

    const room = await opened?.getRoom(never);

    expect(opened?.peekRoom?.()).toEqual(room);
  });
});
