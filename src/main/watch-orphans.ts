import { systemClock } from '../base/clock.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import { Orphans } from '../pools/orphans.ts';
import type { ControllerGround } from './controller-ground.ts';
import type { ProgramOptions } from './program.ts';
import { getSection } from './roles.ts';

/** The search for volumes that nobody knows, which is made by one controller of several. */
export interface OrphanSearch {
  start(): void;
  /** How many there are; 0 where nobody looks. */
  count(): number;
}

/** Prepares the search; nothing is looked for where there is no cluster that could know of volumes. */
export function watchOrphans(
  { background, lease, cluster }: Pick<ControllerGround, 'background' | 'lease' | 'cluster'>,
  stores: StoreDirectory,
  { config, logger }: Pick<ProgramOptions, 'config' | 'logger'>,
): OrphanSearch {
  if (cluster === undefined) return { start: () => undefined, count: () => 0 };
  const { driverName } = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const orphans = new Orphans({
    stores,
    listHandles: (signal) => cluster.listHandles(driverName, signal),
    clock: systemClock,
    logger: logger.child({ component: 'orphans' }),
  });
  return {
    start() {
      background.run('Volumes that nobody knows are not looked for any more', async (signal) => {
        await lease.holdWhile((held) => orphans.run(held), signal);
      });
    },
    count: () => orphans.list().length,
  };
}
