import * as z from 'zod';
import { formatQuantity } from '../config/quantity.ts';
import type { PoolInstance, Tombstone } from './registry.ts';

const Time = z.iso.datetime();
const Bytes = z.number().int().nonnegative();

/** What a pool is and where: the spec of a `Pool`. Written by controllers, from what the pool's node says. */
export const PoolSpec = z
  .object({
    driver: z.string().meta({ description: 'CSI name of the driver that the pool belongs to.' }),
    poolName: z.string().meta({ description: 'The name that StorageClasses use.' }),
    nodeName: z.string().meta({ description: 'The node that has it.' }),
    onNodeLoss: z
      .object({
        action: z.enum(['keep', 'release']),
        releaseAfterSeconds: z.number().int().positive().optional(),
      })
      .meta({ description: 'What becomes of it when its node stays away.' }),
  })
  .meta({ description: 'What the pool is, and where.' });

/** How a pool is: the status of a `Pool`. */
export const PoolStatus = z
  .object({
    state: z
      .enum(['Open', 'Unavailable', 'Silent', 'Released', 'Forgotten', 'Returning'])
      .meta({ description: 'For people: what follows from the rest.' }),
    condition: z
      .enum(['open', 'unavailable', 'silent'])
      .meta({ description: 'What its node last said of it; silent when it says nothing any more.' }),
    firstSeen: Time,
    lastSeen: Time.meta({ description: 'Up to a minute behind.' }),
    size: z.string().optional().meta({ description: 'For people.' }),
    free: z.string().optional().meta({ description: 'For people.' }),
    available: z.string().optional().meta({ description: 'For people: what new volumes can be promised.' }),
    room: z
      .object({ totalBytes: Bytes, freeBytes: Bytes, promisedBytes: Bytes, availableBytes: Bytes })
      .optional()
      .meta({ description: 'As it was when the pool was last seen open.' }),
    release: z
      .object({
        at: Time,
        by: z.enum(['policy', 'operator']),
        isReturning: z.boolean().meta({ description: 'It is back, and being cleaned of what was deleted.' }),
      })
      .optional()
      .meta({ description: 'That what it held is given up. Use stowage nodes forget, not an editor.' }),
  })
  .meta({ description: 'How the pool is.' });

/** What a tombstone is of: the spec of a `Tombstone`. */
export const TombstoneSpec = z
  .object({
    poolId: z.string().meta({ description: 'The pool that it is for.' }),
    at: Time.meta({ description: 'When the volume or snapshot that it is named after was deleted.' }),
  })
  .meta({ description: 'A deletion that is carried out when its pool comes back.' });

type PoolSpec = z.infer<typeof PoolSpec>;
type PoolStatus = z.infer<typeof PoolStatus>;
type TombstoneSpec = z.infer<typeof TombstoneSpec>;

/** An instance as its resource has it. */
export function fromPoolResource(poolId: string, spec: PoolSpec, status: PoolStatus): PoolInstance {
  const { driver, poolName, nodeName, onNodeLoss } = spec;
  const { condition, firstSeen, lastSeen, room, release } = status;
  return {
    poolId,
    driver,
    poolName,
    nodeName,
    onNodeLoss:
      onNodeLoss.action === 'release' && onNodeLoss.releaseAfterSeconds !== undefined
        ? { action: 'release', afterSeconds: onNodeLoss.releaseAfterSeconds }
        : { action: 'keep' },
    firstSeen: new Date(firstSeen),
    lastSeen: new Date(lastSeen),
    condition,
    room,
    release: release === undefined ? undefined : { ...release, at: new Date(release.at) },
  };
}

/** The inverse of {@link fromPoolResource}. */
export function toPoolResource(instance: PoolInstance): {
  readonly spec: PoolSpec;
  readonly status: PoolStatus;
} {
  const { driver, poolName, nodeName, onNodeLoss, condition, firstSeen, lastSeen, room, release } = instance;
  return {
    spec: {
      driver,
      poolName,
      nodeName,
      onNodeLoss:
        onNodeLoss.action === 'keep'
          ? { action: 'keep' }
          : { action: 'release', releaseAfterSeconds: onNodeLoss.afterSeconds },
    },
    status: {
      state: toStateWord(instance),
      condition,
      firstSeen: firstSeen.toISOString(),
      lastSeen: lastSeen.toISOString(),
      size: room === undefined ? undefined : formatQuantity(room.totalBytes),
      free: room === undefined ? undefined : formatQuantity(room.freeBytes),
      available: room === undefined ? undefined : formatQuantity(room.availableBytes),
      room,
      release: release === undefined ? undefined : { ...release, at: release.at.toISOString() },
    },
  };
}

/** How a pool is, in one word for people. */
export function toStateWord({ condition, release }: PoolInstance): PoolStatus['state'] {
  if (release?.isReturning === true) return 'Returning';
  if (release !== undefined) return release.by === 'operator' ? 'Forgotten' : 'Released';
  const words = { open: 'Open', unavailable: 'Unavailable', silent: 'Silent' } as const;
  return words[condition];
}

/** A tombstone as its resource has it. */
export function fromTombstoneResource(objectId: string, { poolId, at }: TombstoneSpec): Tombstone {
  return { objectId, poolId, at: new Date(at) };
}

/** The inverse of {@link fromTombstoneResource}. */
export function toTombstoneSpec({ poolId, at }: Tombstone): TombstoneSpec {
  return { poolId, at: at.toISOString() };
}
