import { isDriverError } from '../../../domain/errors.ts';
import type { FileStore } from '../../../filestore/file-store.ts';
import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { Located } from './lookup.ts';

/**
 * Asks every store that can be reached whether it has something of a name. Pools that do not answer are left out: whether their
 * silence matters is for the caller to say, who knows where the thing would be made.
 */
export async function findByName<R>(
  stores: StoreDirectory,
  ask: (store: FileStore) => Promise<R | undefined>,
): Promise<Located<R> | undefined> {
  const answers = await Promise.all(
    stores.list().map(async (entry) => {
      if (!('store' in entry.state)) return undefined;
      const { store } = entry.state;
      const record = await askReachable(store, ask);
      return record === undefined ? undefined : { entry, store, record };
    }),
  );
  return answers.find((answer) => answer !== undefined);
}

async function askReachable<R>(
  store: FileStore,
  ask: (store: FileStore) => Promise<R | undefined>,
): Promise<R | undefined> {
  try {
    return await ask(store);
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return undefined;
    throw error;
  }
}
