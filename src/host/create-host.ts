import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { createCommands } from './commands.ts';
import { createFreezer } from './freezer.ts';
import type { Host } from './host.ts';
import { createLoops } from './loops.ts';
import { createMounts } from './mounts.ts';
import { createSyscalls } from './syscalls/create-syscalls.ts';
import { createTrees } from './trees.ts';

export interface HostDependencies {
  readonly logger: Logger;
  readonly clock: Clock;
  /** For what must outlive this process but not a reboot: `/run/stowage`. Made when it is needed. */
  readonly runDirectory: string;
}

/** This machine. Starts nothing by itself: workers and helpers come with the first call that needs them. */
export function createHost({ logger, clock, runDirectory }: HostDependencies): Host {
  const syscalls = createSyscalls();
  const commands = createCommands({ logger });
  const mounts = createMounts({ syscalls });
  const freezer = createFreezer({ syscalls, mounts, logger, runDirectory });
  return {
    syscalls,
    commands,
    mounts,
    freezer,
    loops: createLoops({ syscalls, clock }),
    trees: createTrees({ commands, mounts, logger }),
    async close() {
      await freezer.close();
      await syscalls.close();
    },
  };
}
