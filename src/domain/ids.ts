import { hashName, randomId } from '../base/ids.ts';

/** The parts of a file-backed volume's or snapshot's id (design: `<pool id>-<hash>-<generation>`, snapshots with an `s` before). */
export interface ObjectId {
  readonly kind: 'volume' | 'snapshot';
  readonly poolId: string;
  /** Names the directory: the same CSI name gives the same hash. */
  readonly hash: string;
  /** Random; tells a re-created object from an earlier one of the same name. */
  readonly generation: string;
}

const PATTERN = /^(s?)([a-z2-7]{8})-([a-z2-7]{26})-([a-z2-7]{8})$/;
const POOL_ID = /^[a-z2-7]{8}$/;

/** Parses an id that came from outside. Whatever does not match is unknown: undefined, never an error, never a path. */
export function parseObjectId(text: string): ObjectId | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, prefix = '', poolId = '', hash = '', generation = ''] = match;
  return { kind: prefix === 's' ? 'snapshot' : 'volume', poolId, hash, generation };
}

/** The inverse of {@link parseObjectId}. */
export function formatObjectId(id: ObjectId): string {
  return `${id.kind === 'snapshot' ? 's' : ''}${id.poolId}-${id.hash}-${id.generation}`;
}

/** A new id for an object of this CSI name in this pool; only its generation is random. */
export function createObjectId(
  kind: ObjectId['kind'],
  place: { readonly clusterId: string; readonly poolId: string },
  name: string,
): ObjectId {
  return { kind, poolId: place.poolId, hash: hashName(place.clusterId, name), generation: randomId(8) };
}

/** A new pool id: eight base32 characters. */
export function createPoolId(): string {
  return randomId(8);
}

/** Whether a text has the form of a pool id. */
export function isPoolId(text: string): boolean {
  return POOL_ID.test(text);
}
