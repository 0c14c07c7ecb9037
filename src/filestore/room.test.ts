import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import type { FileSystemUse } from '../host/syscalls/syscalls.ts';
import { RoomKeeper } from './room.ts';
import { UsageMeter } from './usage-meter.ts';

const signal = AbortSignal.timeout(10_000);

interface Facts {
  readonly used: number;
  readonly promised: number;
  readonly overcommit?: number;
  /** Each with what it uses, has for itself alone, and was promised; of one family unless it says another. Use that is undefined is not measured. */
  readonly objects?: readonly {
    readonly used: number | undefined;
    readonly exclusive?: number;
    readonly promised: number;
    readonly family?: string;
  }[];
}

/** A file system of 1000 bytes, `used` of them, of which some belong to volumes. */
function createKeeper(facts: Facts): RoomKeeper {
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
    list: async () =>
      (facts.objects ?? []).map(({ used, exclusive = 0, promised, family = 'f' }, index) => ({
        id: `v${index}`,
        family,
        promisedBytes: promised,
        measure: async () =>
          used === undefined ? undefined : { usedBytes: used, exclusiveBytes: exclusive },
      })),
    clock: systemClock,
    signal,
  });
  return new RoomKeeper({
    pool: { name: 'p', overcommit: facts.overcommit ?? 1 },
    readRoom: async () => use,
    shelves: [{ promisedBytes: facts.promised, whenLoaded: async () => undefined }],
    meter,
  });
}

describe('room', () => {
  it.each<[string, Facts, number]>([
    ['an empty pool', { used: 0, promised: 0 }, 1000],
    ['promises that nobody has written to', { used: 0, promised: 600 }, 400],
    [
      'promises that are written: they count once',
      { used: 600, promised: 600, objects: [{ used: 600, promised: 600 }] },
      400,
    ],
    ["others' files", { used: 300, promised: 0 }, 700],
    ["others' files beside unwritten promises", { used: 300, promised: 600 }, 100],
    ['more promised than there is', { used: 500, promised: 600 }, 0],
    ['overcommit', { used: 0, promised: 900, overcommit: 2 }, 1000],
    [
      'overcommit with little that is free',
      { used: 900, promised: 900, overcommit: 2, objects: [{ used: 900, promised: 900 }] },
      100,
    ],
    [
      'clones that share blocks, which have to be written again by all but one',
      { used: 100, promised: 400, objects: Array.from({ length: 4 }, () => ({ used: 100, promised: 100 })) },
      600,
    ],
    [
      "clones that share blocks beside others' files, which are nobody's to write over",
      { used: 300, promised: 400, objects: Array.from({ length: 4 }, () => ({ used: 100, promised: 100 })) },
      400,
    ],
    [
      'clones that are known to share no longer',
      {
        used: 400,
        promised: 400,
        objects: Array.from({ length: 4 }, () => ({ used: 100, exclusive: 100, promised: 100 })),
      },
      600,
    ],
    [
      'volumes that have nothing to do with each other',
      {
        used: 400,
        promised: 500,
        objects: [
          { used: 100, promised: 200, family: 'a' },
          { used: 300, promised: 300, family: 'b' },
        ],
      },
      500,
    ],
    [
      'a tree without a limit that holds more than it promised: that makes up for nobody else',
      {
        used: 500,
        promised: 300,
        objects: [
          { used: 500, promised: 100, family: 'a' },
          { used: 0, promised: 200, family: 'b' },
        ],
      },
      300,
    ],
    [
      'trees that are not measured: they hold what nobody else does',
      {
        used: 500,
        promised: 700,
        objects: [
          { used: 100, promised: 100, family: 'a' },
          { used: undefined, promised: 600, family: 'b' },
        ],
      },
      300,
    ],
  ])('with %s', async (_, facts, availableBytes) => {
    expect((await createKeeper(facts).getRoom(signal)).availableBytes).toBe(availableBytes);
  });

  it('is taken by a reservation, and given back', async () => {
    const keeper = createKeeper({ used: 0, promised: 0 });
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
