import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { ObjectId } from '../../../domain/ids.ts';
import { findObjectId } from '../stores.ts';
import type { FileControllerContext } from './context.ts';

/**
 * Deletes an object of a pool that was given up, where there is nobody to do it: noted durably, it is carried out if the pool comes back.
 * False for everything else, which is to be deleted where it is. Throws POOL_UNAVAILABLE when the pool is coming back at this moment.
 */
export async function buryIfReleased(
  { released, logger }: Pick<FileControllerContext, 'released' | 'logger'>,
  object: { readonly kind: ObjectId['kind']; readonly id: string },
  signal: AbortSignal,
): Promise<boolean> {
  const parsed = findObjectId(object.kind, object.id);
  if (released === undefined || parsed === undefined || !released.isReleased(parsed.poolId)) return false;
  if (await released.bury({ poolId: parsed.poolId, objectId: object.id }, signal)) {
    logger.info('Deleted from a pool that was given up; carried out if it comes back', { id: object.id });
    return true;
  }
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The pool of ${object.kind} ${quote(object.id)} was given up, and is just coming back: ask again.`,
    { details: { poolId: parsed.poolId } },
  );
}

/**
 * Before something is called gone because nobody here knows its pool: a controller that was stopped for a while may not have heard of it yet. Throws
 * POOL_UNAVAILABLE when the pool is registered, and when that cannot be found out.
 */
export async function checkPoolUnknown(
  { released }: Pick<FileControllerContext, 'released'>,
  object: { readonly kind: ObjectId['kind']; readonly id: string },
  signal: AbortSignal,
): Promise<void> {
  const parsed = findObjectId(object.kind, object.id);
  if (released === undefined || parsed === undefined) return;
  if (!(await released.hasMissed(parsed.poolId, signal))) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The pool of ${object.kind} ${quote(object.id)} was registered a moment ago, and is not known here yet: ask again.`,
    { details: { poolId: parsed.poolId } },
  );
}
