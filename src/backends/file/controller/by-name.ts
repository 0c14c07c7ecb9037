import { isTimeout, startDeadline } from '../../../base/deadline.ts';
import { raceAbort } from '../../../base/keyed-lock.ts';
import { isDriverError } from '../../../domain/errors.ts';
import type { FileStore } from '../../../filestore/file-store.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';
import type { Located } from './lookup.ts';

/** A store that takes longer to look up a name does not answer. */
const ANSWERS_WITHIN_MS = 5_000;

/** Looks up a name in one store. */
export type AskByName<R> = (store: FileStore, signal: AbortSignal) => Promise<R | undefined>;

/** Who is asked for a name. */
export interface NameQuestion<R> {
  readonly entries: readonly StoreEntry[];
  /**
   * One of them that is about to be told to make the thing, which finds the one that has the name: it is asked only when another has it, so that
   * it can be said which of the two counts.
   */
  readonly maker: StoreEntry | undefined;
  readonly ask: AskByName<R>;
}

/**
 * Asks all stores that can be reached at once whether they have something of a name; there is more than one such thing only after
 * accidents. Pools that do not answer are left out: whether their silence matters is for the caller to say, who knows where the thing would be made.
 */
export async function findAllByName<R>(
  { entries, maker, ask }: NameQuestion<R>,
  signal: AbortSignal,
): Promise<readonly Located<R>[]> {
  const others = entries.filter((entry) => entry !== maker);
  const found = await askAll(others, ask, signal);
  if (found.length === 0 || maker === undefined) return found;
  return [...found, ...(await askAll([maker], ask, signal))];
}

async function askAll<R>(
  entries: readonly StoreEntry[],
  ask: AskByName<R>,
  signal: AbortSignal,
): Promise<readonly Located<R>[]> {
  if (entries.length === 0) return [];
  using deadline = startDeadline(signal, ANSWERS_WITHIN_MS);
  const found = new Map<StoreEntry, Located<R>>();
  const asked = entries.map(async (entry) => {
    if (!('store' in entry.state)) return;
    const { store } = entry.state;
    const record = await unlessSilent(ask(store, deadline.signal));
    if (record !== undefined) found.set(entry, { entry, store, record });
  });
  try {
    await raceAbort(Promise.all(asked), deadline.signal);
  } catch (error) {
    if (error !== deadline.signal.reason) throw error;
  }
  signal.throwIfAborted();
  return entries.flatMap((entry) => found.get(entry) ?? []);
}

/** What a store answers; undefined when it does not. */
async function unlessSilent<R>(answer: Promise<R | undefined>): Promise<R | undefined> {
  try {
    return await answer;
  } catch (error) {
    const isSilent =
      isTimeout(error) ||
      isDriverError(error, 'POOL_UNAVAILABLE') ||
      isDriverError(error, 'DEADLINE_EXCEEDED');
    if (isSilent) return undefined;
    throw error;
  }
}
