import { expect, test } from 'vitest';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { joinStores } from './join-stores.ts';
import type { StoreDirectory, StoreEntry } from './store-directory.ts';

function toEntry(poolName: string, poolId: string): StoreEntry {
  return { poolName, nodeName: 'a', poolId, state: { store: createFakeFileStore({ poolId }) } };
}

function toDirectory(...entries: readonly StoreEntry[]): StoreDirectory {
  return { list: () => entries };
}

test('the stores of all directories are listed, as they are at the time', () => {
  const directories = [toDirectory(toEntry('fast', 'aaaaaaaa'))];
  const joined = joinStores(() => directories);
  expect(joined.list().map(({ poolId }) => poolId)).toEqual(['aaaaaaaa']);

  const former: StoreEntry = { ...toEntry('old', 'cccccccc'), state: { unavailable: 'It was removed.' } };
  directories.push({ list: () => [toEntry('fast', 'bbbbbbbb')], listFormer: () => [former] });

  expect(joined.list().map(({ poolId }) => poolId)).toEqual(['aaaaaaaa', 'bbbbbbbb']);
  expect(joined.listFormer()).toEqual([former]);
  expect(joinStores(() => []).list()).toEqual([]);
});

test('a pool that two directories have open is used from neither', () => {
  const other = toEntry('other', 'bbbbbbbb');
  const joined = joinStores(() => [
    toDirectory(toEntry('fast', 'aaaaaaaa'), other),
    toDirectory(toEntry('copy', 'aaaaaaaa')),
  ]);

  expect(joined.list()).toMatchObject([
    { poolName: 'fast', state: { unavailable: expect.stringContaining('aaaaaaaa') } },
    other,
    { poolName: 'copy', state: { unavailable: expect.stringContaining('aaaaaaaa') } },
  ]);
});

test('a place that only remembers a pool does not keep the right one from being used', () => {
  const moved: StoreEntry = { ...toEntry('moved', 'aaaaaaaa'), state: { unavailable: 'Its disk is gone.' } };
  const here = toEntry('fast', 'aaaaaaaa');

  expect(joinStores(() => [toDirectory(moved), toDirectory(here)]).list()).toEqual([moved, here]);
});
