/** Times of one thing done again and again, in milliseconds. */
export interface Samples {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly count: number;
}

/** Median and 99th percentile of some times. Throws when there are none. */
export function summarize(timesMs: readonly number[]): Samples {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    if (value === undefined) throw new Error('nothing was measured');
    return value;
  };
  return { p50Ms: at(0.5), p99Ms: at(0.99), count: sorted.length };
}

/** Runs `work` and returns its result with the time that it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, ms: performance.now() - startedAt };
}

/** Runs `work` `count` times, one after the other, and summarizes the times. */
export async function sample(count: number, work: (index: number) => Promise<unknown>): Promise<Samples> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) times.push((await timed(() => work(index))).ms);
  return summarize(times);
}

/** Runs `work` `count` times with so many at once; returns how many were done in a second. */
export async function rate(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  const { ms } = await timed(() => Promise.all(Array.from({ length: atOnce }, worker)));
  return (count / ms) * 1000;
}
