import { systemClock } from '../base/clock.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import type { Config } from './config.ts';

/** The registry in files below `stateDirectory`, of all drivers. What a release with host-path alone left there is that driver's. */
export function createStateRegistry({
  stateDirectory,
  drivers,
}: Pick<Config, 'stateDirectory' | 'drivers'>): PoolRegistry {
  return createFileRegistry({
    stateDirectory,
    driver: drivers.hostpath?.driverName,
    clock: systemClock,
  });
}
