import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createFakeNodes, createFakePool, DRIVER } from '../../test/support/fake-nodes.ts';
import { createMemoryRegistry } from '../../test/support/memory-registry.ts';
import { alwaysHeld } from '../base/lease.ts';
import { DriverError } from '../domain/errors.ts';
import { silentLogger } from '../observability/logger.ts';
import { gatePools } from './gated-pools.ts';

const { signal } = new AbortController();
const UNREAD = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining('has not been read yet') };

function createScene() {
  const clock = new FakeClock();
  const nodes = createFakeNodes();
  nodes.add('a', createFakePool('fast', 'aaaaaaaa'));
  const memory = createMemoryRegistry(clock);
  const pools = gatePools({
    driver: DRIVER,
    clusterId: 'cluster',
    registry: memory.open(),
    reports: nodes.reports,
    stores: nodes.stores,
    isRegisteredWhenOpen: true,
    lease: alwaysHeld,
    clock,
    logger: silentLogger,
  });
  return { clock, memory, pools };
}

describe('pools whose registry has not been read', () => {
  it('can be used by nobody, since nothing may be concluded; people see none', async () => {
    const { pools } = createScene();

    expect(() => pools.stores.list()).toThrow(expect.objectContaining(UNREAD));
    expect(() => pools.stores.listFormer?.()).toThrow(expect.objectContaining(UNREAD));
    expect(pools.seen.list()).toEqual([]);

    await pools.start(signal);

    expect(pools.stores.list()).toMatchObject([{ poolId: 'aaaaaaaa', nodeName: 'a' }]);
    expect(pools.seen.list()).toHaveLength(1);
    await pools.close();
  });

  it('are read as soon as that can be done', async () => {
    const { clock, memory, pools } = createScene();
    memory.failWith(new DriverError('POOL_UNAVAILABLE', 'The registry is away.'));

    const started = pools.start(signal);
    await clock.whenSleeping();
    expect(() => pools.stores.list()).toThrow(expect.objectContaining(UNREAD));
    memory.failWith(undefined);
    clock.advance(60_000);
    await started;

    expect(pools.stores.list()).toHaveLength(1);
    await pools.close();
  });

  it('say why, to whoever asks and in answer to calls', async () => {
    const { clock, memory, pools } = createScene();
    memory.failWith(new DriverError('POOL_UNAVAILABLE', 'The registry is away.'));
    expect(pools.findObstacle()).toBeUndefined();

    const started = pools.start(signal);
    await clock.whenSleeping();
    expect(pools.findObstacle()).toBe('The registry is away.');
    expect(() => pools.stores.list()).toThrow(
      /has not been read yet, so nothing can be said of any volume\. The registry is away\./,
    );
    memory.failWith(undefined);
    clock.advance(60_000);
    await started;

    expect(pools.findObstacle()).toBeUndefined();
    await pools.close();
  });
});

describe('pools whose registry cannot be written', () => {
  it('can be used, and say so from the start until it can', async () => {
    const { clock, memory, pools } = createScene();
    memory.failWritesWith(new DriverError('POOL_UNAVAILABLE', 'No rights.'));

    await pools.start(signal);
    expect(pools.findObstacle()).toBe('No rights.');
    expect(pools.stores.list()).toMatchObject([{ poolId: 'aaaaaaaa' }]);
    memory.failWritesWith(undefined);
    await clock.whenSleeping();
    clock.advance(60_000);

    await expect.poll(() => pools.findObstacle()).toBeUndefined();
    await pools.close();
  });
});
