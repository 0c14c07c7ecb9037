import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { fsyncDirectory, readTextFile } from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import { isPoolId } from '../domain/ids.ts';
import type { PoolInstance } from './registry.ts';
import { parseRegistryText } from './registry-text.ts';

const MAX_BYTES = 16 * 1024 ** 2;

const Time = z.iso.datetime().transform((text) => new Date(text));

/** `pools.json`, in which release 0.1 kept the whole registry. It knew of one driver, and of no policies. */
const SingleFile = z.strictObject({
  formatVersion: z.literal(1),
  pools: z.array(
    z.strictObject({
      poolName: z.string(),
      nodeName: z.string(),
      poolId: z.string().refine(isPoolId, 'is not a pool id'),
      firstSeen: Time,
      lastSeen: Time,
    }),
  ),
});

/** The instances of the single file, if there is one; of several with one id, which a renamed pool left, the one that was seen last. */
export async function readSingleFile(path: string, driver: string): Promise<readonly PoolInstance[]> {
  let text: string;
  try {
    text = await readTextFile(path, { maximumBytes: MAX_BYTES });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const { pools } = parseRegistryText(SingleFile, { path, text });
  const latest = pools.toSorted((a, b) => a.lastSeen.getTime() - b.lastSeen.getTime());
  const byId = new Map(latest.map((pool) => [pool.poolId, pool]));
  return [...byId.values()].map((pool) => ({
    ...pool,
    driver,
    onNodeLoss: { action: 'keep' },
    condition: 'unavailable',
    room: undefined,
    release: undefined,
  }));
}

/** Puts the single file, all of whose instances are kept elsewhere by now, out of the way. */
export async function retireSingleFile(path: string): Promise<void> {
  try {
    await rename(path, `${path}.migrated`);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  await fsyncDirectory(dirname(path));
}
