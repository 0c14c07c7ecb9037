import { mkdtemp, rm } from 'node:fs/promises';
import { systemClock } from '../../src/base/clock.ts';
import { createHost } from '../../src/host/create-host.ts';
import type { Host } from '../../src/host/host.ts';
import { silentLogger } from '../../src/observability/logger.ts';

export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly runDirectory: string;
}

/** The real host with a run directory of its own. */
export async function makeTestHost(): Promise<TestHost> {
  const runDirectory = await mkdtemp('/var/tmp/stowage-test-run-');
  const host = createHost({ logger: silentLogger, clock: systemClock, runDirectory });
  return {
    host,
    runDirectory,
    async [Symbol.asyncDispose]() {
      await host.close();
      await rm(runDirectory, { recursive: true, force: true });
    },
  };
}
