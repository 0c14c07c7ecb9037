/**
 * Maps all items with at most `atOnce` of them under way; the results are in the items' order. The first failure is thrown once what was begun
 * has settled; nothing is begun after it.
 */
export async function mapParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: (readonly [number, R])[] = [];
  const queue = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failure !== undefined) return;
      try {
        results.push([index, await work(item, index)]);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
  return results.sort(([a], [b]) => a - b).map(([, result]) => result);
}
