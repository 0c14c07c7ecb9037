import type { LocalDriverEntry } from './drivers/local-driver.ts';
import { LOCAL_DRIVERS } from './drivers/locals.ts';
import type { Lifetime } from './lifecycle.ts';
import { offerPools } from './offer-pools.ts';
import type { ProgramOptions } from './program.ts';

/**
 * The node half of every configured driver, and the agent that offers this node's pools to controllers. Starts and stops as {@link offerPools} says. It never talks to
 * Kubernetes. Throws DriverError when it cannot serve at all.
 */
export async function startNode(
  options: ProgramOptions,
  lifetime: Lifetime,
  entries: readonly LocalDriverEntry[] = Object.values(LOCAL_DRIVERS),
): Promise<void> {
  await offerPools(options, lifetime, (deps) => entries.flatMap((entry) => entry.createNode(deps) ?? []));
}
