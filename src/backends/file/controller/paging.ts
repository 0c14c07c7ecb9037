import { mapParallel } from '../../../base/parallel.ts';
import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { ObjectId } from '../../../domain/ids.ts';
import type { Page, PageRequest } from '../../../domain/volume.ts';
import type { OpenStore } from '../stores.ts';
import { findObjectId, STORES_AT_ONCE } from '../stores.ts';

/** How the pages of one store become those of all. */
export interface Listing<R> {
  readonly kind: ObjectId['kind'];
  /** The stores to ask, ordered by pool id; several of them at once. */
  readonly stores: readonly OpenStore[];
  readonly listOne: (open: OpenStore, page: PageRequest) => Promise<Page<R>>;
}

/** An entry of a page with the store that it came from. */
interface Listed<R> {
  readonly record: R;
  readonly open: OpenStore;
}

/**
 * One page over all pools, ordered by id. Ids begin with the pool's id, so that is pool by pool; a token is the last id of the page
 * before and survives the deletion of what it names. Throws TOKEN_UNKNOWN.
 */
export async function listPage<R extends { readonly id: string }>(
  request: PageRequest,
  listing: Listing<R>,
): Promise<Page<Listed<R>>> {
  const after = parseToken(listing.kind, request.startingToken);
  const asked = listing.stores.filter(({ store }) => after === undefined || store.poolId >= after.poolId);
  const most = request.maxEntries === 0 ? Number.POSITIVE_INFINITY : request.maxEntries;
  const entries: Listed<R>[] = [];
  for (const [first, chunk] of toChunks(asked)) {
    const pages = await mapParallel(chunk, STORES_AT_ONCE, async (open) => {
      const startingToken = open.store.poolId === after?.poolId ? request.startingToken : undefined;
      const maxEntries = request.maxEntries === 0 ? 0 : most - entries.length;
      const page = await listing.listOne(open, { maxEntries, startingToken });
      return { ...page, open };
    });
    // What comes after a page that is not its store's last one belongs to a later page of ours.
    const last = pages.findIndex((page) => page.nextToken !== undefined);
    const whole = last === -1 ? pages : pages.slice(0, last + 1);
    entries.push(...whole.flatMap((page) => page.entries.map((record) => ({ record, open: page.open }))));
    if (last === -1 && entries.length < most) continue;
    const isMore =
      last !== -1 || entries.length > most || (await hasAny(asked.slice(first + chunk.length), listing));
    const taken = entries.slice(0, most);
    return { entries: taken, nextToken: isMore ? taken.at(-1)?.record.id : undefined };
  }
  return { entries, nextToken: undefined };
}

/** The stores in groups that are asked together, each with the place of its first one. */
function toChunks(stores: readonly OpenStore[]): readonly (readonly [number, readonly OpenStore[]])[] {
  const chunks: [number, readonly OpenStore[]][] = [];
  for (let first = 0; first < stores.length; first += STORES_AT_ONCE) {
    chunks.push([first, stores.slice(first, first + STORES_AT_ONCE)]);
  }
  return chunks;
}

/** Checks the form of a token. Throws TOKEN_UNKNOWN for one that no listing of this kind gave out. */
export function parseToken(kind: ObjectId['kind'], token: string | undefined): ObjectId | undefined {
  if (token === undefined) return undefined;
  const parsed = findObjectId(kind, token);
  if (parsed !== undefined) return parsed;
  throw new DriverError(
    'TOKEN_UNKNOWN',
    `The starting token ${quote(token)} is not one that this driver gave out; list again from the beginning.`,
  );
}

async function hasAny<R>(stores: readonly OpenStore[], listing: Listing<R>): Promise<boolean> {
  for (const [, chunk] of toChunks(stores)) {
    const pages = await mapParallel(chunk, STORES_AT_ONCE, async (open) => {
      return await listing.listOne(open, { maxEntries: 1, startingToken: undefined });
    });
    if (pages.some((page) => page.entries.length > 0)) return true;
  }
  return false;
}
