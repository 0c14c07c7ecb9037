import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { createMemoryRegistry } from '../../test/support/memory-registry.ts';
import { DriverError } from '../domain/errors.ts';
import { LocalStores } from './local-stores.ts';

const never = new AbortController().signal;

describe('pools that cannot be opened', () => {
  it('say why when it begins and when it changes, not at every attempt', async () => {
    const clock = new FakeClock();
    const { logger, lines, say } = keepLog();
    const registry = createMemoryRegistry(clock);
    const stores = new LocalStores({
      pools: [
        {
          name: 'ssd',
          path: '/nowhere',
          backing: { type: 'none' },
          overcommit: 1,
          lowWaterPercent: 5,
        },
      ],
      opener: { open: () => Promise.reject(new Error('not to be opened')), probe: () => Promise.resolve() },
      registry: registry.open(),
      driver: 'hostpath.stowage.dev',
      clusterId: 'cluster',
      nodeName: 'node-a',
      clock,
      logger,
    });

    registry.failWith(new DriverError('POOL_UNAVAILABLE', 'No rights.'));
    await stores.open(never);
    for (const why of ['No rights.', 'No rights.', 'No disk.', 'No disk.']) {
      await clock.whenSleeping();
      registry.failWith(new DriverError('POOL_UNAVAILABLE', why));
      clock.advance(60_000);
    }
    await clock.whenSleeping();
    await stores.close();

    expect(say().filter((line) => line.includes('A pool cannot be opened'))).toEqual([
      'error A pool cannot be opened: No rights.',
      'error A pool cannot be opened: No disk.',
    ]);
    expect(lines.filter(({ message }) => message === 'A pool cannot be opened')).toHaveLength(5);
  });
});
