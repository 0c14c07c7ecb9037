import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 10_000;
/** A process that works for less of its time than this has nobody who would notice a pause. */
const IDLE_SHARE = 0.25;
/** So much has to have been added since the last time. */
const WORTH_BYTES = 8 * 2 ** 20;

/** The heap of this process. */
export interface HeapPort {
  /** Which share of the time since it was asked last the process has worked. */
  measureWorkShare(): number;
  /** What is in the heap now, garbage and all. What it holds of the machine's memory says less: it follows a collection after a while. */
  measureBytes(): number;
  /** Collects all garbage and gives back what that frees. */
  collect(): void;
}

/**
 * Decides, each time it is asked, whether to collect garbage, and does it. What calls leave behind outlives the collections of young objects by
 * chance, and V8 lets a process that has become idle keep several times what it needs until it is busy again.
 */
export function createHeapTidier(heap: HeapPort): { readonly look: () => void } {
  let tidyBytes = 0;
  return {
    look() {
      const isIdle = heap.measureWorkShare() < IDLE_SHARE;
      if (!isIdle || heap.measureBytes() - tidyBytes < WORTH_BYTES) return;
      heap.collect();
      tidyBytes = heap.measureBytes();
    },
  };
}

/** Tidies the heap of this process every few seconds while it is idle. Disposing ends that. */
export function keepHeapTidy(): Disposable {
  const { look } = createHeapTidier(openHeap());
  const timer = setInterval(look, LOOK_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function openHeap(): HeapPort {
  setFlagsFromString('--expose-gc');
  // Contexts that are made from now on have it as a global; this one is gone with the first collection.
  const gc: unknown = runInNewContext('gc');
  let before = performance.eventLoopUtilization();
  return {
    measureWorkShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    measureBytes: () => process.memoryUsage().heapUsed,
    collect() {
      if (typeof gc === 'function') gc();
    },
  };
}
