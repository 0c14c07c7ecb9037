import { systemClock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import { createHost } from '../host/create-host.ts';
import type { Host } from '../host/host.ts';
import type { Logger } from '../observability/logger.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';

/** Bound on thawing what an earlier life left frozen; a file system that does not answer must not keep the others waiting. */
const RECOVERY_DEADLINE_MS = 10_000;

/**
 * Takes hold of this machine, for programs that mount: file systems that an earlier life left frozen are thawed before anything is
 * served, since they hold up whoever writes to them. Throws PERMISSION_DENIED without root.
 */
export async function startMachine({ config, logger }: ProgramOptions, lifetime: Lifetime): Promise<Host> {
  const { stack, stopping } = lifetime;
  requireRoot();
  const host = createHost({ logger, clock: systemClock, runDirectory: config.runDirectory });
  stack.defer(() => host.close());
  lifetime.watchStuck(() => host.syscalls.countStuck());
  await thawLeftovers(host, logger, stopping);
  return host;
}

async function thawLeftovers(host: Host, logger: Logger, stopping: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([stopping, AbortSignal.timeout(RECOVERY_DEADLINE_MS)]);
  try {
    const thawed = await host.freezer.recover(deadline);
    if (thawed.length > 0) logger.warn('Thawed file systems that an earlier life left frozen', { thawed });
  } catch (error) {
    stopping.throwIfAborted();
    logger.error('Cannot thaw what an earlier life left frozen', { err: error });
  }
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new DriverError(
    'PERMISSION_DENIED',
    'This program mounts file systems and attaches loop devices: run it as root.',
  );
}
