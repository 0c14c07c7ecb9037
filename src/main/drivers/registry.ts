import type { Config } from '../config.ts';
import type { ConfiguredDriver, Driver, DriverKey } from './driver.ts';
import { hostpathDriver } from './hostpath.ts';
import { nfsDriver } from './nfs.ts';

/**
 * Every driver that there is, for the configuration. To add one: its section in config.ts, and then the compiler asks for a line here, in controllers.ts and in
 * locals.ts.
 */
export const DRIVERS: Readonly<Record<DriverKey, Driver>> = { hostpath: hostpathDriver, nfs: nfsDriver };

/** The drivers that the configuration has a section for. */
export function listDrivers(
  { drivers }: Pick<Config, 'drivers'>,
  known: readonly Driver[] = Object.values(DRIVERS),
): readonly ConfiguredDriver[] {
  return known.flatMap((driver) => driver.find(drivers) ?? []);
}
