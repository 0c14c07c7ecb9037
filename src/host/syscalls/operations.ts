import type { Libc } from './libc.ts';
import { createFileOperations } from './operations/files.ts';
import { createFreezeOperations } from './operations/freeze.ts';
import { createGrowthOperations } from './operations/growth.ts';
import { createLockOperations } from './operations/locks.ts';
import { createLoopOperations } from './operations/loops.ts';
import { createMountOperations } from './operations/mounts.ts';
import { createNestedSubvolumeOperations } from './operations/nested-subvolumes.ts';
import { createProjectOperations } from './operations/projects.ts';
import { createQgroupOperations } from './operations/qgroups.ts';
import { createSubvolumeOperations } from './operations/subvolumes.ts';
import type { SynchronousSyscalls } from './protocol.ts';

/** Everything that a worker can do. A call of the contract that is missing here does not compile. */
export function createOperations(libc: Libc): SynchronousSyscalls {
  return {
    ...createMountOperations(libc),
    ...createLoopOperations(libc),
    ...createFileOperations(libc),
    ...createLockOperations(libc),
    ...createFreezeOperations(libc),
    ...createProjectOperations(libc),
    ...createSubvolumeOperations(libc),
    ...createNestedSubvolumeOperations(libc),
    ...createQgroupOperations(libc),
    ...createGrowthOperations(libc),
  };
}
