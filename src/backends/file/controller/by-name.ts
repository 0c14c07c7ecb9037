import { isTimeout, startDeadline } from '../../../base/deadline.ts';
import { raceAbort } from '../../../base/keyed-lock.ts';
import { mapParallel } from '../../../base/parallel.ts';
import { isDriverError } from '../../../domain/errors.ts';
import type { FileStore } from '../../../filestore/file-store.ts';
import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import { STORES_AT_ONCE } from '../stores.ts';
import type { Located } from './lookup.ts';

/** A store that takes longer to look up a name does not answer. */
const ANSWERS_WITHIN_MS = 5_000;

/** Looks up a name in one store. */
export type AskByName<R> = (store: FileStore, signal: AbortSignal) => Promise<R | undefined>;

/**
 * Asks every store that can be reached whether it has something of a name; there is more than one such thing only after
 * accidents. Pools that do not answer are left out: whether their silence matters is for the caller to say, who knows where the thing would be made.
 */
export async function findAllByName<R>(
  stores: StoreDirectory,
  signal: AbortSignal,
  ask: AskByName<R>,
): Promise<readonly Located<R>[]> {
  const answers = await mapParallel(stores.list(), STORES_AT_ONCE, async (entry) => {
    if (!('store' in entry.state)) return undefined;
    const { store } = entry.state;
    const record = await askReachable(store, signal, ask);
    return record === undefined ? undefined : { entry, store, record };
  });
  return answers.filter((answer) => answer !== undefined);
}

async function askReachable<R>(
  store: FileStore,
  signal: AbortSignal,
  ask: AskByName<R>,
): Promise<R | undefined> {
  using deadline = startDeadline(signal, ANSWERS_WITHIN_MS);
  try {
    return await raceAbort(ask(store, deadline.signal), deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isTimeout(error) || isDriverError(error, 'POOL_UNAVAILABLE')) return undefined;
    throw error;
  }
}
