import { createObjectId, formatObjectId } from '../../src/domain/ids.ts';
import type { SeenPool } from '../../src/pools/registry.ts';

/** The place and pool that most tests are about. */
export const SEEN: SeenPool = {
  driver: 'hostpath.stowage.dev',
  poolName: 'ssd',
  nodeName: 'node-1',
  poolId: 'aaaaaaaa',
  onNodeLoss: { action: 'keep' },
  condition: 'open',
  room: { totalBytes: 1000, freeBytes: 800, promisedBytes: 300, availableBytes: 700 },
};

/** An id of an object in the pool of {@link SEEN}. */
export function objectId(name: string, kind: 'volume' | 'snapshot' = 'volume'): string {
  return formatObjectId(createObjectId(kind, { clusterId: 'c', poolId: SEEN.poolId }, name));
}
