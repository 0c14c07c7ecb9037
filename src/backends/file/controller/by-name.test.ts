import { describe, expect, test } from 'vitest';
import { createFakeFileStore } from '../../../../test/support/fake-file-store.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { FileStore } from '../../../filestore/file-store.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';
import { findAllByName } from './by-name.ts';

const { signal } = new AbortController();

/** Places a, b, c …, each with a store. */
function createPlaces(count: number): readonly StoreEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const poolId = `p${String.fromCharCode(97 + (index % 26))}${'abcdefgh'[Math.floor(index / 26)]}`;
    const store = createFakeFileStore({ poolId: poolId.padEnd(8, 'a') });
    return { poolName: 'fast', nodeName: `n${index}`, poolId: store.poolId, state: { store } };
  });
}

/** Who has the name, and notes of who was asked. */
function createAsker(places: readonly StoreEntry[], holders: readonly number[]) {
  const asked: number[] = [];
  const indexOf = (store: FileStore): number =>
    places.findIndex(({ state }) => 'store' in state && state.store === store);
  const ask = async (store: FileStore): Promise<string | undefined> => {
    await Promise.resolve();
    const index = indexOf(store);
    asked.push(index);
    return holders.includes(index) ? `of ${index}` : undefined;
  };
  return { asked, indexOf, ask };
}

describe('the question who has a name', () => {
  test('is put to all stores at once, and answered in their order', async () => {
    const places = createPlaces(200);
    const everybody = Promise.withResolvers<void>();
    let asked = 0;
    const ask = async (store: FileStore): Promise<string> => {
      asked += 1;
      if (asked === places.length) everybody.resolve();
      await everybody.promise;
      return store.poolId;
    };

    const found = await findAllByName({ entries: places, maker: undefined, ask }, signal);

    expect(found.map(({ record }) => record)).toEqual(places.map(({ poolId }) => poolId));
  });

  test('is put to the one that makes the thing only when another has it', async () => {
    const places = createPlaces(3);
    const nobody = createAsker(places, [0]);
    const another = createAsker(places, [0, 2]);

    const none = await findAllByName({ entries: places, maker: places[0], ask: nobody.ask }, signal);
    const both = await findAllByName({ entries: places, maker: places[0], ask: another.ask }, signal);

    expect(none).toEqual([]);
    expect(nobody.asked).toEqual([1, 2]);
    expect(both.map(({ record }) => record)).toEqual(['of 2', 'of 0']);
    expect(another.asked).toEqual([1, 2, 0]);
  });

  test('leaves out stores that are silent, and those that are not open', async () => {
    const [one, two, three, four] = createPlaces(4);
    if (one === undefined || two === undefined || three === undefined || four === undefined)
      throw new Error();
    const closed: StoreEntry = { ...two, state: { unavailable: 'Its disk is gone.' } };
    const places = [one, closed, three, four];
    const { ask, indexOf } = createAsker(places, [0, 1, 2, 3]);
    const silence = new Map([
      [0, new DriverError('POOL_UNAVAILABLE', 'It does not answer.')],
      [2, new DriverError('DEADLINE_EXCEEDED', 'It said nothing in time.')],
    ]);

    const found = await findAllByName(
      {
        entries: places,
        maker: undefined,
        ask: async (store) => {
          const error = silence.get(indexOf(store));
          if (error !== undefined) throw error;
          return await ask(store);
        },
      },
      signal,
    );

    expect(found.map(({ entry }) => entry.nodeName)).toEqual(['n3']);
  });

  test('fails with what a store says that answers, and cannot say', async () => {
    const places = createPlaces(2);
    const ask = (): Promise<never> => Promise.reject(new DriverError('INTERNAL', 'A record is broken.'));

    await expect(findAllByName({ entries: places, maker: undefined, ask }, signal)).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  test('ends with its caller, also while a store hangs', async () => {
    const caller = new AbortController();
    const ask = (): Promise<never> => {
      caller.abort(new DriverError('CANCELLED', 'The caller left.'));
      return new Promise(() => undefined);
    };

    await expect(
      findAllByName({ entries: createPlaces(2), maker: undefined, ask }, caller.signal),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
