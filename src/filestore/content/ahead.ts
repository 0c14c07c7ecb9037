/** The same, but the next one is being made while the one before is used. Ends the source when its reader leaves. */
export async function* oneAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  try {
    pending = iterator.next();
    for (;;) {
      const result = await pending;
      pending = undefined;
      if (result.done === true) return;
      pending = iterator.next();
      // Its failure is told when it is its turn.
      pending.catch(() => undefined);
      yield result.value;
    }
  } finally {
    if (pending !== undefined) await iterator.return?.();
  }
}
