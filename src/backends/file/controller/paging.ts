import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { ObjectId } from '../../../domain/ids.ts';
import type { Page, PageRequest } from '../../../domain/volume.ts';
import type { OpenStore } from '../stores.ts';
import { findObjectId } from '../stores.ts';

/** How the pages of one store become those of all. */
export interface Listing<R> {
  readonly kind: ObjectId['kind'];
  /** The stores to ask, ordered by pool id. */
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
  const entries: Listed<R>[] = [];
  for (const [index, open] of asked.entries()) {
    const left = request.maxEntries === 0 ? 0 : request.maxEntries - entries.length;
    const startingToken = open.store.poolId === after?.poolId ? request.startingToken : undefined;
    const page = await listing.listOne(open, { maxEntries: left, startingToken });
    entries.push(...page.entries.map((record) => ({ record, open })));
    const isFull = request.maxEntries > 0 && entries.length >= request.maxEntries;
    if (!isFull) continue;
    const isMore = page.nextToken !== undefined || (await hasAny(asked.slice(index + 1), listing));
    return { entries, nextToken: isMore ? entries.at(-1)?.record.id : undefined };
  }
  return { entries, nextToken: undefined };
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
  for (const open of stores) {
    const page = await listing.listOne(open, { maxEntries: 1, startingToken: undefined });
    if (page.entries.length > 0) return true;
  }
  return false;
}
