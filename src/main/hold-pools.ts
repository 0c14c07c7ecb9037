import type { Logger } from '../observability/logger.ts';
import type { LocalCsi, LocalPools } from './drivers/local-driver.ts';
import type { Lifetime } from './lifecycle.ts';
import type { Readiness } from './readiness.ts';

/** A driver's pools on this machine, with the node half that works with them, if it has one. */
export interface HeldPools {
  readonly pools: Pick<LocalPools, 'open' | 'close'>;
  readonly csi?: { readonly node: Pick<LocalCsi['node'], 'close'> };
}

/** How the pools are opened in the background. */
export interface Opening {
  /** Returns at once; the program is ready when each pool has been tried and `first` is done as well, or when that has taken too long. */
  start(first: Promise<void>, readiness: Readiness, logger: Logger): void;
}

/**
 * Has the pools of all drivers closed when the program stops, after what was registered later. One driver that hangs keeps no other from being closed. Opening them is
 * the last step: {@link Opening.start}.
 */
export function holdPools(
  drivers: readonly HeldPools[],
  { stack, stopping }: Pick<Lifetime, 'stack' | 'stopping'>,
): Opening {
  const openings = new Map<HeldPools, Promise<unknown>>();
  stack.defer(async () => {
    await settleAll(
      drivers.map(async (driver) => {
        await driver.csi?.node.close?.();
        // A pool that is just being opened has to be open, or have failed, before it can be closed.
        await openings.get(driver);
        await driver.pools.close();
      }),
    );
  });
  return {
    start(first, readiness, logger) {
      const opened = drivers.map((driver) => {
        const opening = driver.pools.open(stopping);
        openings.set(driver, Promise.allSettled([first, opening]));
        return opening;
      });
      void readiness.track(settleAll([first, ...opened]), logger, stopping);
    },
  };
}

/** Waits for all, also when one fails. Throws what the first of them threw. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
