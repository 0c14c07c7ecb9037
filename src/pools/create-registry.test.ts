import { describe, expect, it } from 'vitest';
import { objectId, SEEN } from '../../test/contract/registry-samples.ts';
import { createMemoryRegistry } from '../../test/support/memory-registry.ts';
import { createRegistry } from './create-registry.ts';

const { signal } = new AbortController();
const clock = { now: () => 0 };

describe('the registry, when somebody comes between two steps', () => {
  it('does not say that an object is buried when its pool has begun to return', async () => {
    const { home, open } = createMemoryRegistry(clock);
    const other = open();
    const registry = createRegistry(
      {
        ...home,
        async addTombstone(tombstone, own) {
          // What the other one finds then may be everything but this one.
          await other.startReturn(tombstone.poolId, own);
          await home.addTombstone(tombstone, own);
        },
      },
      clock,
    );
    await registry.record(SEEN, signal);
    await registry.release({ poolId: SEEN.poolId, by: 'policy' }, signal);

    await expect(registry.bury({ poolId: SEEN.poolId, objectId: objectId('v') }, signal)).resolves.toBe(
      false,
    );
  });

  it('decides anew: a pool that was released meanwhile stays so when it is seen', async () => {
    const { home, open } = createMemoryRegistry(clock);
    const other = open();
    let isFirst = true;
    const registry = createRegistry(
      {
        ...home,
        async replace(before, next, own) {
          if (isFirst) await other.release({ poolId: SEEN.poolId, by: 'operator' }, own);
          isFirst = false;
          return await home.replace(before, next, own);
        },
      },
      clock,
    );
    await registry.record(SEEN, signal);
    await registry.record({ ...SEEN, condition: 'unavailable' }, signal);

    await expect(registry.findById(SEEN.poolId, signal)).resolves.toMatchObject({
      condition: 'unavailable',
      release: { by: 'operator' },
    });
  });

  it('gives up, in words, when there is no end of it', async () => {
    const { home } = createMemoryRegistry(clock);
    const registry = createRegistry({ ...home, replace: async () => await Promise.resolve(false) }, clock);
    await registry.record(SEEN, signal);

    await expect(registry.record({ ...SEEN, condition: 'unavailable' }, signal)).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
    });
  });
});
