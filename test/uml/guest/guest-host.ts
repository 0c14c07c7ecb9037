import { systemClock } from '../../../src/base/clock.ts';
import { createHost } from '../../../src/host/create-host.ts';
import { createFilesystems, type Filesystems } from '../../../src/host/filesystems/index.ts';
import type { Host } from '../../../src/host/host.ts';
import { silentLogger } from '../../../src/observability/logger.ts';

/** The host of the guest that this runs in, and what is built over it. */
export interface GuestHost extends Host {
  readonly filesystems: Filesystems;
}

/** Builds it. */
export function createGuestHost(): GuestHost {
  const host = createHost({ logger: silentLogger, clock: systemClock, runDirectory: '/run/stowage' });
  return { ...host, filesystems: createFilesystems(host) };
}
