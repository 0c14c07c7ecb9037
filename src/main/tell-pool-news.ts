import { systemClock } from '../base/clock.ts';
import { PoolNewsDesk } from '../pools/pool-news.ts';
import type { PoolInstance } from '../pools/registry.ts';
import type { ControllerGround } from './controller-ground.ts';

const LOOK_EVERY_MS = 10_000;

/** The pools of a driver. */
export interface PoolsToTellOf {
  readonly listInstances: () => readonly PoolInstance[];
  /** The ids of those whose volumes may become larger than they say. */
  readonly listUnenforced: () => readonly string[];
}

/** Tells users of a driver's pools what becomes of these, where there is somebody to tell; one controller of several does. Ends with the program. */
export function tellPoolNews(
  { background, lease, cluster }: Pick<ControllerGround, 'background' | 'lease' | 'cluster'>,
  driver: string,
  { listInstances, listUnenforced }: PoolsToTellOf,
): void {
  if (cluster === undefined) return;
  background.run('News of pools are not told any more', async (signal) => {
    await lease.holdWhile(async (held) => {
      // What happened while another controller did this, that one has told.
      const desk = new PoolNewsDesk(driver);
      while (!held.aborted) {
        for (const news of desk.look(listInstances(), new Set(listUnenforced())))
          await cluster.tellOfPool(news, held);
        await systemClock.sleep(LOOK_EVERY_MS, held).catch(() => undefined);
      }
    }, signal);
  });
}
