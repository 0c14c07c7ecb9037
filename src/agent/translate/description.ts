import * as z from 'zod';
import { withoutUndefined } from '../../base/defined.ts';
import { DriverError } from '../../domain/errors.ts';
import type { StoreAbilities } from '../../filestore/file-store.ts';
import type {
  DescribeResponse,
  DescribeResponse__Output,
} from '../../gen/stowage/agent/v1/DescribeResponse.ts';
import type { OpenPool__Output } from '../../gen/stowage/agent/v1/OpenPool.ts';
import type { Pool, Pool__Output } from '../../gen/stowage/agent/v1/Pool.ts';
import type {
  StoreAbilities as AbilitiesMessage,
  StoreAbilities__Output,
} from '../../gen/stowage/agent/v1/StoreAbilities.ts';
import type { AgentDescription, DescribedPool, DescribedState } from '../description.ts';
import { findWord, IMAGE_COPYINGS, QUOTA_KINDS, TREE_COPYINGS } from './enums.ts';
import { parseMessage, toOptionalNumber } from './parse.ts';
import { fromRoomMessage } from './room.ts';

const Abilities = z.object({
  quota: z.enum(['none', 'project', 'qgroup']),
  quotaIsHard: z.boolean(),
  imageCopying: z.enum(['instant', 'copy']),
  treeCopying: z.enum(['instant', 'reflink', 'plain']),
  fsType: z.string(),
});

const Seconds = z.number().int().nonnegative().optional();

const ORIGIN = { what: 'What an agent says of itself', code: 'INTERNAL' } as const;

/** A description as it is sent. */
export function toDescribeResponse(description: AgentDescription): DescribeResponse {
  const { nodeName, bootId, release, pools } = description;
  return { nodeName, bootId, release, pools: pools.map(toPoolMessage) };
}

/** The description that an agent sent. Throws INTERNAL for one that makes no sense. */
export function fromDescribeResponse(message: DescribeResponse__Output): AgentDescription {
  const { nodeName, bootId, release, pools } = message;
  return { nodeName, bootId, release, pools: pools.map(fromPoolMessage) };
}

function toPoolMessage({ name, poolId, driver, state, settings }: DescribedPool): Pool {
  const { releaseAfterSeconds, isShared = false } = settings;
  return {
    name,
    ...withoutUndefined({ poolId }),
    driver,
    ...toStateMessage(state),
    settings: { ...withoutUndefined({ releaseAfterSeconds }), shared: isShared },
  };
}

function toStateMessage(state: DescribedState): Pick<Pool, 'open' | 'unavailable' | 'awaiting'> {
  if (state.kind === 'awaiting') return { awaiting: {} };
  if (state.kind === 'unavailable') return { unavailable: { reason: state.reason } };
  return { open: { abilities: toAbilitiesMessage(state.abilities), room: state.room ?? null } };
}

function fromPoolMessage(pool: Pool__Output): DescribedPool {
  const seconds = toOptionalNumber(pool.settings?.releaseAfterSeconds);
  return {
    name: pool.name,
    poolId: pool.poolId,
    driver: pool.driver,
    state: fromStateMessage(pool),
    settings: {
      releaseAfterSeconds: parseMessage(Seconds, seconds, ORIGIN),
      ...(pool.settings?.shared === true ? { isShared: true } : {}),
    },
  };
}

function fromStateMessage({ name, state, open, unavailable }: Pool__Output): DescribedState {
  if (state === 'awaiting') return { kind: 'awaiting' };
  if (state === 'open' && open !== undefined && open !== null) return fromOpenPool(open);
  const reason = `The agent says nothing of pool ${name} that is understood here: bring controller and agent to the same release.`;
  return { kind: 'unavailable', reason: unavailable?.reason ?? reason };
}

/** One pool that makes no sense is unavailable, and keeps nobody from using the others. */
function fromOpenPool({ abilities, room }: OpenPool__Output): DescribedState {
  try {
    return {
      kind: 'open',
      abilities: fromAbilitiesMessage(abilities),
      room: room === null ? undefined : fromRoomMessage(room),
    };
  } catch (error) {
    if (error instanceof DriverError) return { kind: 'unavailable', reason: error.message };
    throw error;
  }
}

function toAbilitiesMessage(abilities: StoreAbilities): AbilitiesMessage {
  return {
    quota: QUOTA_KINDS[abilities.quota],
    quotaIsHard: abilities.quotaIsHard,
    imageCopying: IMAGE_COPYINGS[abilities.imageCopying],
    treeCopying: TREE_COPYINGS[abilities.treeCopying],
    fsType: abilities.fsType,
  };
}

function fromAbilitiesMessage(message: StoreAbilities__Output | null): StoreAbilities {
  const candidate = message === null ? undefined : toAbilitiesCandidate(message);
  return parseMessage(Abilities, candidate, ORIGIN);
}

function toAbilitiesCandidate(message: StoreAbilities__Output): unknown {
  return {
    quota: findWord(QUOTA_KINDS, message.quota),
    quotaIsHard: message.quotaIsHard,
    imageCopying: findWord(IMAGE_COPYINGS, message.imageCopying),
    treeCopying: findWord(TREE_COPYINGS, message.treeCopying),
    fsType: message.fsType,
  };
}
