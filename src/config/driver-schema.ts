import * as z from 'zod';

/** The name of a pool, which StorageClasses use. */
export const PoolName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes, at most 63')
  .meta({
    form: 'lower-case letters, digits and dashes, at most 63',
    description: 'The name that StorageClasses use in `pool`.',
  });

/** The CSI name of a driver. */
export const DriverName = z
  .string()
  .regex(
    /^[a-z]([a-z0-9.-]{0,61}[a-z])?$/,
    'must be a domain name of at most 63 characters that begins and ends with a letter',
  )
  .meta({ form: 'domain name, at most 63 characters', description: 'CSI name of the driver.' });

/** How many times its size a pool may promise. */
export const Overcommit = z
  .number()
  .min(0.1)
  .max(100)
  .default(1)
  .meta({ description: 'How many times its size the pool may promise.' });

/** When a pool is nearly full. */
export const LowWaterPercent = z
  .number()
  .min(0)
  .max(50)
  .default(5)
  .meta({ description: 'Below this share of free space the pool reports itself degraded.' });

/** Whether a driver has a socket: one for both services, or one each. */
export function hasEndpoints(driver: {
  readonly endpoint?: string | undefined;
  readonly controllerEndpoint?: string | undefined;
  readonly nodeEndpoint?: string | undefined;
}): boolean {
  const hasHalves = driver.controllerEndpoint !== undefined || driver.nodeEndpoint !== undefined;
  return (driver.endpoint !== undefined) !== hasHalves;
}

/** What is said when {@link hasEndpoints} says no. */
export const ENDPOINTS_MESSAGE = 'set either endpoint, or controllerEndpoint and nodeEndpoint';
