import type { Page, PageRequest } from '../domain/volume.ts';

/** Records in one message: few enough that neither side is busy with one for long. */
const MOST_IN_A_MESSAGE = 1_000;

/** A page of any size, or all, out of as many calls as it takes. */
export async function collectPages<T>(
  { maxEntries, startingToken }: PageRequest,
  ask: (request: PageRequest) => Promise<Page<T>>,
): Promise<Page<T>> {
  const entries: T[] = [];
  let token = startingToken;
  for (;;) {
    const missing = maxEntries === 0 ? MOST_IN_A_MESSAGE : maxEntries - entries.length;
    const page = await ask({ maxEntries: Math.min(missing, MOST_IN_A_MESSAGE), startingToken: token });
    for (const entry of page.entries) entries.push(entry);
    token = page.nextToken;
    if (token === undefined || (maxEntries > 0 && entries.length >= maxEntries)) {
      return { entries, nextToken: token };
    }
  }
}
