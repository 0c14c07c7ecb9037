import { systemClock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { Orphans } from '../pools/orphans.ts';
import type { ControllerGround } from './controller-ground.ts';
import type { DriverStores } from './drivers/driver-stores.ts';

/** The search for volumes that nobody knows, which is made by one controller of several. */
export interface OrphanSearch {
  start(): void;
  /** How many there are; 0 where nobody looks. */
  count(): number;
}

/** Prepares the search in the pools of each driver; nothing is looked for where there is no cluster that could know of volumes. */
export function watchOrphans(
  { background, lease, cluster }: Pick<ControllerGround, 'background' | 'lease' | 'cluster'>,
  drivers: readonly DriverStores[],
  logger: Logger,
): OrphanSearch {
  if (cluster === undefined) return { start: () => undefined, count: () => 0 };
  const searches = drivers.map(
    ({ driver, stores }) =>
      new Orphans({
        stores,
        listHandles: (signal) => cluster.listHandles(driver, signal),
        clock: systemClock,
        logger: logger.child({ component: 'orphans' }),
      }),
  );
  return {
    start() {
      for (const orphans of searches) {
        background.run('Volumes that nobody knows are not looked for any more', async (signal) => {
          await lease.holdWhile((held) => orphans.run(held), signal);
        });
      }
    },
    count: () => searches.reduce((sum, orphans) => sum + orphans.list().length, 0),
  };
}
