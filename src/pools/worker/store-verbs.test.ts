import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../../test/support/fake-file-store.ts';
import { toRequest } from '../../../test/support/volume-request.ts';
import { toOpening, toPoolRecord } from '../../../test/support/worker-stores.ts';
import { DriverError } from '../../domain/errors.ts';
import type { LocalFileStore } from '../../filestore/file-store.ts';
import { StoreHost, type StoreOpening } from './store-verbs.ts';

const never = new AbortController().signal;
const WORD = { knownPoolId: undefined, clusterId: 'cluster' };
const getRoom = { poolId: 'aaaaaaaa', method: 'getRoom', request: undefined } as const;

/** Openings that end when the test says so. */
function createOpening(changes: Partial<StoreOpening> = {}) {
  const store = createFakeFileStore({ poolId: 'aaaaaaaa' });
  const begun: { readonly admittance: unknown; readonly signal: AbortSignal }[] = [];
  const lost: ((error: DriverError) => void)[] = [];
  const told: string[] = [];
  const closed: string[] = [];
  const gate = Promise.withResolvers<void>();
  const opening: StoreOpening = {
    ...toOpening(store),
    async open(admittance, onLost, signal) {
      begun.push({ admittance, signal });
      lost.push(onLost);
      signal.addEventListener('abort', () => gate.reject(signal.reason as Error));
      await gate.promise;
      const life = begun.length;
      const own: LocalFileStore = {
        ...store,
        close: async () => void (await Promise.resolve(closed.push(`store ${life}`))),
      };
      return { store: own, record: toPoolRecord('aaaaaaaa') };
    },
    onLost: (error) => void told.push(error.message),
    ...changes,
  };
  return { opening, store, begun, lost, told, closed, open: gate.resolve };
}

describe('the store of a worker', () => {
  it('is opened by the first who needs it, once for all', async () => {
    const { opening, begun, open } = createOpening();
    const host = new StoreHost(opening);
    const calls = [1, 2].map(() => host.verbs.callStore(getRoom, never));
    const opened = host.verbs.openStore(undefined, never);
    expect(host.isIdle).toBe(false);

    open();

    await Promise.all(calls);
    await expect(opened).resolves.toMatchObject({ record: { poolId: 'aaaaaaaa' }, abilities: {} });
    expect(begun).toHaveLength(1);
    expect(host.isIdle).toBe(true);
  });

  it('goes on being opened for the others when the first caller leaves, and when all do', async () => {
    const { opening, begun, open } = createOpening();
    const host = new StoreHost(opening);
    const leaving = new AbortController();
    const first = host.verbs.callStore(getRoom, leaving.signal);
    const second = host.verbs.callStore(getRoom, never);

    leaving.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    open();

    await expect(second).resolves.toMatchObject({ totalBytes: expect.any(Number) });
    expect(begun).toHaveLength(1);
    expect(begun[0]?.signal.aborted).toBe(false);
  });

  it('is not idle while it is opened, also when nobody waits', async () => {
    const { opening, open } = createOpening();
    const host = new StoreHost(opening);
    const leaving = new AbortController();
    const only = host.verbs.openStore(undefined, leaving.signal);

    leaving.abort(new Error('enough'));

    await expect(only).rejects.toThrow('enough');
    expect(host.isIdle).toBe(false);
    open();
    await expect.poll(() => host.isIdle).toBe(true);
  });

  it('is opened again with the word of a controller that came while it was opened without', async () => {
    const words: unknown[] = [];
    const { opening, store } = createOpening();
    const host = new StoreHost({
      ...opening,
      async open(admittance) {
        words.push(admittance);
        await new Promise(setImmediate);
        return admittance === undefined ? undefined : { store, record: toPoolRecord('aaaaaaaa') };
      },
    });
    const without = host.verbs.openStore(undefined, never);

    const withWord = host.verbs.openStore(WORD, never);

    await expect(without).resolves.toBeUndefined();
    await expect(withWord).resolves.toMatchObject({ record: { poolId: 'aaaaaaaa' } });
    expect(words).toEqual([undefined, WORD]);
  });

  it('is tried again after an opening that failed', async () => {
    const { opening, store } = createOpening();
    let tries = 0;
    const host = new StoreHost({
      ...opening,
      async open() {
        tries += 1;
        await Promise.resolve();
        if (tries === 1) throw new DriverError('POOL_UNAVAILABLE', 'Not mounted.');
        return { store, record: toPoolRecord('aaaaaaaa') };
      },
    });

    await expect(host.verbs.callStore(getRoom, never)).rejects.toThrow('Not mounted.');
    await expect(host.verbs.callStore(getRoom, never)).resolves.toBeDefined();
  });

  it('serves no other pool than the one that is asked for, and tells that it is gone', async () => {
    const { opening, open, told } = createOpening();
    const host = new StoreHost(opening);
    open();

    const call = host.verbs.callStore({ ...getRoom, poolId: 'bbbbbbbb' }, never);

    await expect(call).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('there is pool aaaaaaaa'),
    });
    expect(told).toEqual([expect.stringContaining('Pool bbbbbbbb is not at its place any more')]);
  });

  it('is told to be gone where it would have to be admitted', async () => {
    const { opening, told } = createOpening({ open: async () => await Promise.resolve(undefined) });
    const host = new StoreHost(opening);

    await expect(host.verbs.callStore(getRoom, never)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(told).toHaveLength(1);
  });

  it('that is lost is closed and told of once, and what an earlier one says then counts for nothing', async () => {
    const { opening, open, lost, told, closed, begun } = createOpening();
    const host = new StoreHost(opening);
    open();
    await host.verbs.callStore(getRoom, never);

    lost[0]?.(new DriverError('POOL_UNAVAILABLE', 'Its mount is gone.'));
    lost[0]?.(new DriverError('POOL_UNAVAILABLE', 'Its mount is gone.'));
    await host.verbs.callStore(getRoom, never);
    lost[0]?.(new DriverError('POOL_UNAVAILABLE', 'Too late.'));
    await host.verbs.callStore(getRoom, never);

    expect(begun).toHaveLength(2);
    expect(told).toEqual(['Its mount is gone.']);
    expect(closed).toEqual(['store 1']);
  });

  it('is closed together with its opening, and opened again by the next who needs it', async () => {
    const { opening, begun } = createOpening();
    const host = new StoreHost(opening);
    const call = host.verbs.callStore(getRoom, never).catch((error: unknown) => error);

    await host.close();

    expect(await call).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(begun[0]?.signal.aborted).toBe(true);
    await host.verbs.callStore(getRoom, never).catch(() => undefined);
    expect(begun).toHaveLength(2);
  });

  it('is not idle while something of it is read, or goes on without a caller', async () => {
    let isBusy = false;
    const store = { ...createFakeFileStore({ poolId: 'aaaaaaaa' }), isBusy: () => isBusy };
    const host = new StoreHost(toOpening(store));
    const volume = (await host.verbs.callStore(
      { poolId: 'aaaaaaaa', method: 'createVolume', request: toRequest('v') },
      never,
    )) as { readonly id: string };
    const request = { source: { kind: 'volume', id: volume.id }, target: TARGET } as const;
    await host.verbs.openContent({ poolId: 'aaaaaaaa', handle: 'h', request }, never);
    expect(host.isIdle).toBe(false);

    await host.verbs.closeContent('h', never);
    expect(host.isIdle).toBe(true);
    isBusy = true;
    expect(host.isIdle).toBe(false);
  });
});

const TARGET = { nodeName: 'a', poolId: 'bbbbbbbb', volumeName: 'copy' } as const;
