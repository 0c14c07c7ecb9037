import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeFileStore, type FakeFileStore } from '../../test/support/fake-file-store.ts';
import { toRequest } from '../../test/contract/file-store.ts';
import { DriverError } from '../domain/errors.ts';
import { silentLogger } from '../observability/logger.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Orphans } from './orphans.ts';

const { signal } = new AbortController();
const HALF_HOUR = 1_800_000;

describe('volumes that nobody knows', () => {
  let store: FakeFileStore;
  let handles: Set<string>;
  let clock: FakeClock;
  let orphans: Orphans;
  let id: string;
  beforeEach(async () => {
    store = createFakeFileStore({ poolId: 'aaaaaaaa' });
    id = (await store.createVolume(toRequest('v'), signal)).id;
    const known = await store.createVolume(toRequest('known'), signal);
    handles = new Set([known.id]);
    clock = new FakeClock();
    const entry = { poolName: 'ssd', nodeName: 'a', poolId: 'aaaaaaaa', state: { store } };
    orphans = new Orphans({
      stores: { list: () => [entry] },
      listHandles: async () => await Promise.resolve(handles),
      clock,
      logger: silentLogger,
    });
  });

  const look = async (times: number): Promise<readonly string[]> => {
    for (let time = 0; time < times; time += 1) {
      await orphans.observe(signal);
      clock.advance(HALF_HOUR);
    }
    return orphans.list();
  };

  it('are reported once they have been seen three times and for an hour', async () => {
    expect(await look(2)).toEqual([]);
    expect(await look(1)).toEqual([id]);
  });

  it('are not reported by three looks in a row', async () => {
    for (let time = 0; time < 5; time += 1) await orphans.observe(signal);

    expect(orphans.list()).toEqual([]);
  });

  it('are none any more when somebody knows them, or they are deleted', async () => {
    await look(3);
    handles.add(id);
    expect(await look(1)).toEqual([]);

    handles.delete(id);
    expect(await look(3)).toEqual([id]);
    await store.deleteVolume({ id }, signal);
    expect(await look(1)).toEqual([]);
  });

  it('stay what they are while their pool cannot be read, or what is known cannot', async () => {
    await look(3);
    store.failWith(new DriverError('POOL_UNAVAILABLE', 'It hangs.'));
    expect(await look(2)).toEqual([id]);

    store.failWith(undefined);
    handles = new Set();
    Object.defineProperty(handles, 'has', {
      value: () => {
        throw new Error('cannot be read');
      },
    });
    await expect(orphans.observe(signal)).rejects.toThrow('cannot be read');
    expect(orphans.list()).toEqual([id]);
  });

  it('are found again by whoever looks next', async () => {
    await look(3);
    const stop = new AbortController();
    const running = orphans.run(stop.signal);
    stop.abort();
    await running;

    expect(orphans.list()).toEqual([]);
  });
});
