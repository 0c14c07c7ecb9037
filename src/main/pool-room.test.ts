import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../base/clock.ts';
import type { LocalFileStore, StoreRoom } from '../filestore/file-store.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import { listPoolRoom } from './pool-room.ts';

const DOWN = { isUp: false, limitsDirectories: undefined, room: undefined };
const ROOM: StoreRoom = { totalBytes: 10, freeBytes: 8, promisedBytes: 5, availableBytes: 4 };

function createEntry(poolName: string, getRoom: () => Promise<StoreRoom>): StoreEntry<LocalFileStore> {
  // Nothing else of a store is asked.
  const store = { getRoom, abilities: { quota: 'project' } } as unknown as LocalFileStore;
  return { poolName, nodeName: 'node-a', poolId: undefined, state: { store } };
}

/** A clock whose sleep ends at once: every deadline is over. */
const lateClock: Clock = { ...systemClock, sleep: async () => {} };
/** A clock whose sleep never ends. */
const stillClock: Clock = { ...systemClock, sleep: () => new Promise(() => {}) };

describe('the room of the pools', () => {
  it('is that of each open pool; one that is closed or fails has none', async () => {
    const stores = {
      list: () => [
        createEntry('good', async () => ROOM),
        createEntry('broken', () => Promise.reject(new Error('I/O error'))),
        createEntry('closed', () => {
          throw new Error('closed');
        }),
        { poolName: 'away', nodeName: 'node-a', poolId: undefined, state: { unavailable: 'no disk' } },
      ],
    };

    expect(await listPoolRoom([{ driver: 'd', stores }], stillClock)).toEqual([
      { driver: 'd', pool: 'good', node: 'node-a', isUp: true, limitsDirectories: true, room: ROOM },
      { driver: 'd', pool: 'broken', node: 'node-a', ...DOWN, limitsDirectories: true },
      { driver: 'd', pool: 'closed', node: 'node-a', ...DOWN, limitsDirectories: true },
      { driver: 'd', pool: 'away', node: 'node-a', ...DOWN },
    ]);
  });

  it('is what is known already where asking would wake somebody', async () => {
    const store = {
      getRoom: () => Promise.reject(new Error('woken')),
      peekRoom: () => undefined,
      abilities: { quota: 'none' },
    } as unknown as LocalFileStore;
    const entry = { poolName: 'asleep', nodeName: 'node-a', poolId: undefined, state: { store } };

    expect(await listPoolRoom([{ driver: 'd', stores: { list: () => [entry] } }], stillClock)).toEqual([
      { driver: 'd', pool: 'asleep', node: 'node-a', isUp: true, limitsDirectories: false, room: undefined },
    ]);
  });

  it('does not wait for a pool that does not answer', async () => {
    const stores = { list: () => [createEntry('hung', () => new Promise(() => {}))] };

    expect(await listPoolRoom([{ driver: 'd', stores }], lateClock)).toEqual([
      { driver: 'd', pool: 'hung', node: 'node-a', ...DOWN },
    ]);
  });
});
