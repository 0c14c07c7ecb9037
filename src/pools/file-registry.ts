import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { isPoolId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import { writeFileDurable } from '../host/files.ts';
import type { PoolInstance, PoolInstanceKey, PoolRegistry } from './registry.ts';

const FORMAT = 1;
/** A change takes milliseconds; a state directory that does not answer must not hold up everything. */
const DEADLINE_MS = 30_000;

const Instance = z.strictObject({
  poolName: z.string(),
  nodeName: z.string(),
  poolId: z.string().refine(isPoolId, 'is not a pool id'),
  firstSeen: z.iso.datetime().transform((text) => new Date(text)),
  lastSeen: z.iso.datetime().transform((text) => new Date(text)),
});

const RegistryFile = z.strictObject({ formatVersion: z.literal(FORMAT), pools: z.array(Instance) });

/** The registry as one file, `pools.json` in the state directory: for all-in-one. One process owns it. */
export function createFileRegistry(deps: {
  readonly stateDirectory: string;
  readonly clock: Clock;
}): PoolRegistry {
  const path = join(deps.stateDirectory, 'pools.json');
  const changes = new KeyedLock();

  async function list(): Promise<readonly PoolInstance[]> {
    return await readRegistry(path);
  }

  return {
    list,

    async find(key) {
      return (await list()).find((pool) => isSame(pool, key));
    },

    async record({ poolName, nodeName, poolId }) {
      using _lock = await changes.acquire(path, AbortSignal.timeout(DEADLINE_MS));
      const pools = await list();
      const before = pools.find((pool) => isSame(pool, { poolName, nodeName }));
      if (before !== undefined && before.poolId !== poolId) throw changedId(path, before, poolId);
      const now = new Date(deps.clock.now());
      const seen = { poolName, nodeName, poolId, firstSeen: before?.firstSeen ?? now, lastSeen: now };
      await mkdir(deps.stateDirectory, { recursive: true, mode: 0o700 });
      const others = pools.filter((pool) => pool !== before);
      await writeFileDurable(path, formatRegistry([...others, seen]));
      return seen;
    },
  };
}

async function readRegistry(path: string): Promise<readonly PoolInstance[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(path, error instanceof Error ? error.message : 'it cannot be read', error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, 'it is not JSON', error);
  }
  const parsed = RegistryFile.safeParse(json);
  if (!parsed.success) throw unreadable(path, z.prettifyError(parsed.error), parsed.error);
  return parsed.data.pools;
}

function formatRegistry(pools: readonly PoolInstance[]): string {
  return `${JSON.stringify({ formatVersion: FORMAT, pools }, undefined, 2)}\n`;
}

function isSame(pool: PoolInstance, key: PoolInstanceKey): boolean {
  return pool.poolName === key.poolName && pool.nodeName === key.nodeName;
}

function changedId(path: string, before: PoolInstance, poolId: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${before.poolName} of node ${before.nodeName} is registered as ${before.poolId}, and now shows as ${poolId}. Mount the right disk, or remove its entry from ${path} if the old one is gone for good.`,
  );
}

/** Never overwritten: losing it silently would turn missing disks into new pools. */
function unreadable(path: string, reason: string, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The registry of pools ${path} cannot be read: ${reason}. Repair it; if you remove it, every pool is registered again from its disk, so mount all disks first.`,
    { cause },
  );
}
