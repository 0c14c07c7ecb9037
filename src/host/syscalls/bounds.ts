import type { SyscallName } from './protocol.ts';

const MINUTE_MS = 60_000;

/** Calls that replay a journal, or wait until what is dirty has been written. */
const WRITING_BACK_MS = 10 * MINUTE_MS;
/** Calls whose work grows with the size of a volume. */
const LARGE_WORK_MS = 60 * MINUTE_MS;
/** All others answer from memory, or after a few blocks. */
const QUICK_MS = MINUTE_MS;

const BOUNDS_MS: Readonly<Partial<Record<SyscallName, number>>> = {
  mount: WRITING_BACK_MS,
  unmount: WRITING_BACK_MS,
  detachLoop: WRITING_BACK_MS,
  flushDevice: WRITING_BACK_MS,
  freeze: WRITING_BACK_MS,
  createSubvolume: WRITING_BACK_MS,
  snapshotSubvolume: WRITING_BACK_MS,
  deleteSubvolume: WRITING_BACK_MS,
  enableBtrfsQuota: WRITING_BACK_MS,
  syncFileSystem: LARGE_WORK_MS,
  cloneFile: LARGE_WORK_MS,
  copyRange: LARGE_WORK_MS,
  allocate: LARGE_WORK_MS,
  growExt4: LARGE_WORK_MS,
  growXfs: LARGE_WORK_MS,
  growBtrfs: LARGE_WORK_MS,
};

/**
 * How long a system call may take, whatever its caller allows: work in the background allows a day, and must not wait so long for a disk
 * that does not answer.
 */
export function getBoundMs(name: SyscallName): number {
  return BOUNDS_MS[name] ?? QUICK_MS;
}
