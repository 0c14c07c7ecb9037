import type { LocalDriverEntry } from './drivers/local-driver.ts';
import { LOCAL_DRIVERS } from './drivers/locals.ts';
import type { Lifetime } from './lifecycle.ts';
import { offerPools } from './offer-pools.ts';
import type { ProgramOptions } from './program.ts';

/**
 * On a server that is no node: the agent alone, which offers the pools of every configured driver that keeps some there. Starts and stops as {@link offerPools} says.
 * It never talks to Kubernetes. Throws DriverError when it cannot serve at all.
 */
export async function startAgent(
  options: ProgramOptions,
  lifetime: Lifetime,
  entries: readonly LocalDriverEntry[] = Object.values(LOCAL_DRIVERS),
): Promise<void> {
  await offerPools(options, lifetime, (deps) => entries.flatMap((entry) => entry.createAgent?.(deps) ?? []));
}
