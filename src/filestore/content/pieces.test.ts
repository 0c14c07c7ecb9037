import { mkdtempDisposable, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unusable } from '../../../test/support/unusable.ts';
import type { Host } from '../../host/host.ts';
import type { DataRange } from '../../host/syscalls/syscalls.ts';
import { toArchivePieces } from './archive-pieces.ts';
import { Checkpoints } from './checkpoints.ts';
import { PIECE_BYTES } from './content.ts';
import { ContentDigest, toPiece } from './digest.ts';
import { readImagePieces } from './image-pieces.ts';

const GRAIN = 64 * 1024;
const { signal } = new AbortController();

/** What a file system says of holes. */
function createHost(findData: (offset: number) => DataRange | undefined) {
  return {
    syscalls: unusable<Host['syscalls']>('syscalls', {
      findData: ({ offset }) => Promise.resolve(findData(offset)),
    }),
  };
}

/** A file with data in these places, 10 pieces and a half grain long. */
async function readAll(options: {
  readonly data: readonly (readonly [offset: number, length: number])[];
  readonly findData?: (offset: number) => DataRange | undefined;
  readonly from?: number;
}): Promise<readonly (readonly [number, number])[]> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-pieces-'));
  const path = join(directory.path, 'disk.img');
  const size = 10 * PIECE_BYTES + GRAIN / 2;
  {
    await using file = await open(path, 'wx');
    await file.truncate(size);
    for (const [offset, length] of options.data) await file.write(Buffer.alloc(length, 1), 0, length, offset);
  }
  const whole = (offset: number): DataRange | undefined =>
    offset < size ? { offset, length: size - offset } : undefined;
  const found: [number, number][] = [];
  const host = createHost(options.findData ?? whole);
  for await (const piece of readImagePieces(host, { path, from: options.from ?? 0 }, signal)) {
    found.push([piece.position, piece.data.length]);
  }
  return found;
}

describe('the pieces of an image', () => {
  const data = [
    [0, 1],
    [PIECE_BYTES - 1, 2],
    [3 * PIECE_BYTES, 2 * PIECE_BYTES],
    [10 * PIECE_BYTES + GRAIN / 2 - 1, 1],
  ] as const;
  const pieces = [
    [0, GRAIN],
    [PIECE_BYTES - GRAIN, GRAIN],
    [PIECE_BYTES, GRAIN],
    [3 * PIECE_BYTES, PIECE_BYTES],
    [4 * PIECE_BYTES, PIECE_BYTES],
    [10 * PIECE_BYTES, GRAIN / 2],
  ] as const;

  it('are what is not zero, in grains, and never cross a cell', async () => {
    expect(await readAll({ data })).toEqual(pieces);
  });

  it('are the same whatever the file system takes for holes', async () => {
    const ranges = data.map(([offset, length]) => ({ offset, length }));
    const findData = (offset: number): DataRange | undefined => {
      const range = ranges.find((one) => one.offset + one.length > offset);
      if (range === undefined) return undefined;
      const start = Math.max(offset, range.offset);
      return { offset: start, length: range.offset + range.length - start };
    };

    expect(await readAll({ data, findData })).toEqual(pieces);
  });

  it('go on where a piece ended as if they had never stopped', async () => {
    for (const [index, [position, length]] of pieces.entries()) {
      expect(await readAll({ data, from: position + length })).toEqual(pieces.slice(index + 1));
    }
  });
});

describe('the pieces of an archive', () => {
  it('have one size, however the archive comes', async () => {
    const size = 2 * PIECE_BYTES + 1000;
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    for (const chunkBytes of [1000, 65_536, PIECE_BYTES, size]) {
      async function* archive(): AsyncGenerator<Buffer> {
        const all = Buffer.alloc(size, bytes);
        for (let at = 0; at < size; at += chunkBytes) yield all.subarray(at, at + chunkBytes);
      }
      const found: [number, number][] = [];
      const digest = ContentDigest.create();
      for await (const piece of toArchivePieces(archive())) {
        found.push([piece.position, piece.data.length]);
        digest.add(piece);
        piece.release?.();
      }
      expect(found).toEqual([
        [0, PIECE_BYTES],
        [PIECE_BYTES, PIECE_BYTES],
        [2 * PIECE_BYTES, 1000],
      ]);
      expect(digest.finish()).toMatch(/^3-[0-9a-f]{64}$/);
    }
  });
});

describe('a digest', () => {
  const piece = (position: number, text: string) => toPiece(position, Buffer.from(text), () => undefined);

  it('is another one for other data, another place and another order', () => {
    const digestOf = (...pieces: readonly ReturnType<typeof piece>[]): string => {
      const digest = ContentDigest.create();
      for (const one of pieces) digest.add(one);
      return digest.finish();
    };

    const digests = [
      digestOf(piece(0, 'a'), piece(1, 'b')),
      digestOf(piece(0, 'a'), piece(1, 'c')),
      digestOf(piece(0, 'a'), piece(2, 'b')),
      digestOf(piece(1, 'b'), piece(0, 'a')),
      digestOf(piece(0, 'a')),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestOf(piece(0, 'a'), piece(1, 'b'))).toBe(digests[0]);
  });

  it('goes on from a checkpoint as if everything before had been read', () => {
    const step = 64 * 1024 * 1024;
    const checkpoints = new Checkpoints();
    const whole = ContentDigest.create();
    for (let index = 1; index <= 6; index += 1) {
      whole.add(piece(index * step - 1, 'x'));
      checkpoints.note('tag', index * step, whole);
    }
    whole.add(piece(7 * step, 'y'));

    const found = checkpoints.find('tag', 6 * step + 5);
    const resumed = found.digest.copy();
    resumed.add(piece(7 * step, 'y'));
    expect(found.position).toBe(6 * step);
    expect(resumed.finish()).toBe(whole.finish());
    // What is too old is forgotten, and read again from the beginning.
    expect(checkpoints.find('tag', step).position).toBe(0);
    expect(checkpoints.find('other', 6 * step).position).toBe(0);
  });
});
