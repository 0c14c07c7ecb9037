import { describe, expect, it } from 'vitest';
import { createHeapTidier, type HeapPort } from './tidy-heap.ts';

const MiB = 2 ** 20;

/** A heap that a test fills; what is needed of it is 20 MiB. */
function createFakeHeap() {
  const heap = { workShare: 0, bytes: 90 * MiB, collections: 0 };
  const port: HeapPort = {
    measureWorkShare: () => heap.workShare,
    measureBytes: () => heap.bytes,
    collect() {
      heap.collections += 1;
      heap.bytes = 20 * MiB;
    },
  };
  return { heap, tidier: createHeapTidier(port) };
}

describe('the heap', () => {
  it('is tidied once when the process is idle', () => {
    const { heap, tidier } = createFakeHeap();

    tidier.look();
    tidier.look();

    expect(heap.collections).toBe(1);
  });

  it('is left alone while the process works', () => {
    const { heap, tidier } = createFakeHeap();
    heap.workShare = 0.5;

    tidier.look();

    expect(heap.collections).toBe(0);
  });

  it('is tidied again when enough has been added', () => {
    const { heap, tidier } = createFakeHeap();
    tidier.look();

    heap.bytes += 7 * MiB;
    tidier.look();
    const before = heap.collections;
    heap.bytes += 2 * MiB;
    tidier.look();

    expect([before, heap.collections]).toEqual([1, 2]);
  });
});
