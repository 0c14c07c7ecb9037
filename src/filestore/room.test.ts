import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import type { FileSystemUse } from '../host/syscalls/syscalls.ts';
import { RoomKeeper } from './room.ts';
import { UsageMeter } from './usage-meter.ts';

const signal = AbortSignal.timeout(10_000);

/** A file system of 1000 bytes; `used` of them, of which `own` belong to volumes that were promised `promised`. */
function createKeeper(facts: {
  used: number;
  own: number;
  promised: number;
  overcommit?: number;
}): RoomKeeper {
  const use: FileSystemUse = {
    type: 0,
    totalBytes: 1000,
    freeBytes: 1000 - facts.used,
    availableBytes: 1000 - facts.used,
    totalInodes: 0,
    freeInodes: 0,
    readOnly: false,
  };
  const meter = new UsageMeter({
    list: async () => [{ id: 'v', measure: async () => facts.own }],
    clock: systemClock,
    signal,
  });
  return new RoomKeeper({
    pool: { name: 'p', path: '/pool', overcommit: facts.overcommit ?? 1 },
    syscalls: { statfs: async () => use },
    shelves: [{ promisedBytes: facts.promised, whenLoaded: async () => undefined }],
    meter,
  });
}

describe('room', () => {
  it.each([
    ['an empty pool', { used: 0, own: 0, promised: 0 }, 1000],
    ['promises that nobody has written to', { used: 0, own: 0, promised: 600 }, 400],
    ['promises that are written: they count once', { used: 600, own: 600, promised: 600 }, 400],
    ["others' files", { used: 300, own: 0, promised: 0 }, 700],
    ["others' files beside unwritten promises", { used: 300, own: 0, promised: 600 }, 100],
    ['more promised than there is', { used: 500, own: 0, promised: 600 }, 0],
    ['overcommit', { used: 0, own: 0, promised: 900, overcommit: 2 }, 1000],
    ['overcommit with little that is free', { used: 900, own: 900, promised: 900, overcommit: 2 }, 100],
    ['clones that share blocks, which are measured twice', { used: 400, own: 800, promised: 800 }, 200],
  ])('with %s', async (_, facts, availableBytes) => {
    expect((await createKeeper(facts).getRoom(signal)).availableBytes).toBe(availableBytes);
  });

  it('is taken by a reservation, and given back', async () => {
    const keeper = createKeeper({ used: 0, own: 0, promised: 0 });
    {
      using _first = await keeper.reserve(700, 'volume "a"', signal);
      await expect(keeper.reserve(700, 'volume "b"', signal)).rejects.toMatchObject({
        code: 'NO_ROOM',
        message: expect.stringMatching(/volume "b": it needs 700 bytes, and 300 are left/),
      });
    }
    using _second = await keeper.reserve(700, 'volume "b"', signal);
    expect((await keeper.getRoom(signal)).promisedBytes).toBe(700);
  });
});
