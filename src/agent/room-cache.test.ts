import { describe, expect, it } from 'vitest';
import { toRequest } from '../../test/contract/file-store.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import type { StoreRoom } from '../filestore/file-store.ts';
import { createGate } from '../rpc/server.fixture.ts';
import { createRoomCache } from './room-cache.ts';

const signal = new AbortController().signal;
const TOLD: StoreRoom = { totalBytes: 1, freeBytes: 1, promisedBytes: 1, availableBytes: 1 };

function createScene() {
  const clock = new FakeClock();
  const local = createFakeFileStore({ poolId: 'aaaabbbb' });
  let asked = 0;
  const gate = createGate();
  let isGated = false;
  const cache = createRoomCache(clock);
  const store = cache.wrap({
    ...local,
    async getRoom(own) {
      asked += 1;
      const room = await local.getRoom(own);
      if (isGated) await gate.pass();
      return room;
    },
  });
  return {
    clock,
    local,
    cache,
    store,
    asked: () => asked,
    gate,
    hold: () => {
      isGated = true;
    },
  };
}

describe('the room of a pool', () => {
  it('is told from memory for ten seconds after it was put there or asked for', async () => {
    const { clock, cache, store, asked } = createScene();
    cache.put(TOLD);

    clock.advance(10_000);
    expect(await store.getRoom(signal)).toEqual(TOLD);
    expect(asked()).toBe(0);
    clock.advance(1);
    expect((await store.getRoom(signal)).totalBytes).toBe(1024 ** 4);
    await store.getRoom(signal);

    expect(asked()).toBe(1);
  });

  it('is asked for anew after anything was changed through the store, also when that failed', async () => {
    const { local, cache, store, asked } = createScene();
    const changes: readonly (() => Promise<unknown>)[] = [
      () => store.createVolume(toRequest('pvc-1'), signal),
      () => store.deleteVolume({ id: 'x' }, signal),
      () => store.expandVolume({ id: 'x', range: { requiredBytes: 1, limitBytes: undefined } }, signal),
      () => store.createSnapshot({ name: 's', sourceVolumeId: 'x' }, signal),
      () => store.deleteSnapshot({ id: 'x' }, signal),
    ];

    for (const [index, change] of changes.entries()) {
      cache.put(TOLD);
      await change().catch(() => undefined);
      expect(await store.getRoom(signal)).toEqual(await local.getRoom(signal));
      expect(asked()).toBe(index + 1);
    }
  });

  it('is not kept when something was changed while it was on its way', async () => {
    const { store, gate, hold, asked } = createScene();
    hold();
    const early = store.getRoom(signal);
    await gate.entered;
    await store.createVolume(toRequest('pvc-1'), signal);
    gate.open();
    await early;

    await store.getRoom(signal);

    expect(asked()).toBe(2);
  });
});
