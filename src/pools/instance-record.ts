import * as z from 'zod';
import { isPoolId } from '../domain/ids.ts';
import type { PoolInstance } from './registry.ts';

const FORMAT = 1;

const Time = z.iso.datetime().transform((text) => new Date(text));
const Bytes = z.number().int().nonnegative();

/** An instance as the file registry writes it. */
export const InstanceRecord = z
  .strictObject({
    formatVersion: z.literal(FORMAT),
    poolId: z.string().refine(isPoolId, 'is not a pool id'),
    driver: z.string(),
    poolName: z.string(),
    nodeName: z.string(),
    onNodeLoss: z.discriminatedUnion('action', [
      z.strictObject({ action: z.literal('keep') }),
      z.strictObject({ action: z.literal('release'), afterSeconds: z.number().positive() }),
    ]),
    firstSeen: Time,
    lastSeen: Time,
    condition: z.enum(['open', 'unavailable', 'silent']),
    room: z
      .strictObject({ totalBytes: Bytes, freeBytes: Bytes, promisedBytes: Bytes, availableBytes: Bytes })
      .optional(),
    release: z
      .strictObject({ at: Time, by: z.enum(['policy', 'operator']), isReturning: z.boolean() })
      .optional(),
  })
  .transform((record): PoolInstance => {
    const { poolId, driver, poolName, nodeName, onNodeLoss, firstSeen, lastSeen, condition, room, release } =
      record;
    return { poolId, driver, poolName, nodeName, onNodeLoss, firstSeen, lastSeen, condition, room, release };
  });

/** The inverse of parsing by {@link InstanceRecord}. */
export function formatInstance(instance: PoolInstance): string {
  return `${JSON.stringify({ formatVersion: FORMAT, ...instance }, undefined, 2)}\n`;
}

/** A tombstone as the file registry writes it; what it is for is said by the names of its file and directory. */
export const TombstoneRecord = z
  .strictObject({ formatVersion: z.literal(FORMAT), at: Time })
  .transform(({ at }) => at);

/** The inverse of parsing by {@link TombstoneRecord}. */
export function formatTombstone(at: Date): string {
  return `${JSON.stringify({ formatVersion: FORMAT, at })}\n`;
}
