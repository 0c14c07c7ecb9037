import { setTimeout as sleepFor } from 'node:timers/promises';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { isErrno } from './errno.ts';
import { type FreezeEnd, type FreezeHolder, startFreezeHolder } from './freeze-holder.ts';
import type { FreezeReport } from './freeze-protocol.ts';
import { type FrozenRecord, FrozenRecords } from './frozen-records.ts';
import type { FreezeOptions, Freezer, Mounts } from './host.ts';
import type { MountEntry } from './mountinfo.ts';
import type { Syscalls } from './syscalls/syscalls.ts';

/** For a thaw, whose caller may have left. */
const THAW_DEADLINE_MS = 10_000;

export interface FreezerDependencies {
  readonly syscalls: Pick<Syscalls, 'syncFileSystem' | 'thaw'>;
  readonly mounts: Pick<Mounts, 'findAt' | 'list'>;
  readonly logger: Logger;
  readonly runDirectory: string;
}

export interface ClosableFreezer extends Freezer {
  /** Thaws what is frozen and waits, for a limited time, until the helpers have ended. */
  close(): Promise<void>;
}

/** Freezing by a helper process. See the contract in host.ts. */
export function createFreezer(dependencies: FreezerDependencies): ClosableFreezer {
  const { syscalls, mounts, logger, runDirectory } = dependencies;
  const records = new FrozenRecords(runDirectory);
  const running = new Map<FreezeHolder, Promise<FreezeEnd>>();
  let isClosed = false;

  async function whileFrozen<T>(
    options: FreezeOptions,
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const mount = await getMount(mounts, options.path, signal);
    // What a freeze would write with everybody waiting is written before.
    await syscalls.syncFileSystem({ path: options.path }, signal);
    const record = await records.add(mount);
    const holder = startFreezeHolder({ ...mount, maxFrozenMs: options.maxFrozenMs });
    const settled = settle(holder, record);
    running.set(holder, settled);
    try {
      requireFrozen(options.path, await raceAbort(holder.begun, signal));
      const result = await raceAbort(work(), signal);
      holder.release();
      const end = await raceAbort(settled, signal);
      // What close thawed may have been thawed before the work was done.
      requireThawed(options, isClosed ? 'expired' : end);
      return result;
    } finally {
      holder.release();
      await waitAtMost(settled, THAW_DEADLINE_MS);
    }
  }

  /** Waits for the helper's end, thaws in its place when it was lost, and removes the record. Never rejects. */
  async function settle(holder: FreezeHolder, record: FrozenRecord): Promise<FreezeEnd> {
    const end = await holder.ended;
    try {
      if (end === 'lost') await thaw(record, AbortSignal.timeout(THAW_DEADLINE_MS));
      await records.remove(record);
    } catch (err) {
      logger.error('A file system may be left frozen', { ...record, err });
    }
    running.delete(holder);
    return end;
  }

  /** True when it was frozen. Only ever touches a mount of the recorded device. */
  async function thaw(record: FrozenRecord, signal: AbortSignal): Promise<boolean> {
    const path = await findMountPoint(record, signal);
    if (path === undefined) {
      logger.warn('What was recorded as frozen is not mounted any more', { ...record });
      return false;
    }
    try {
      await syscalls.thaw({ path }, signal);
      return true;
    } catch (error) {
      if (isErrno(error, 'EINVAL')) return false;
      throw error;
    }
  }

  /** Where the device is mounted and can be reached: at the recorded place, or else at another. */
  async function findMountPoint(record: FrozenRecord, signal: AbortSignal): Promise<string | undefined> {
    const all = await mounts.list(signal);
    const elsewhere = all.filter((mount) => mount.majorMinor === record.majorMinor);
    for (const path of [record.mountPoint, ...elsewhere.map((mount) => mount.mountPoint)]) {
      const top = await mounts.findAt(path, signal);
      if (top?.majorMinor === record.majorMinor) return path;
    }
    return undefined;
  }

  async function recover(signal: AbortSignal): Promise<readonly string[]> {
    const thawed: string[] = [];
    for (const record of await records.list()) {
      try {
        if (await thaw(record, signal)) thawed.push(record.mountPoint);
        await records.remove(record);
      } catch (err) {
        signal.throwIfAborted();
        logger.error('A file system that an earlier run left frozen cannot be thawed', { ...record, err });
      }
    }
    return thawed;
  }

  async function close(): Promise<void> {
    isClosed = true;
    for (const holder of running.keys()) holder.release();
    await waitAtMost(Promise.all(running.values()), THAW_DEADLINE_MS);
  }

  return { whileFrozen, recover, close };
}

async function getMount(
  mounts: Pick<Mounts, 'findAt'>,
  path: string,
  signal: AbortSignal,
): Promise<Pick<MountEntry, 'mountPoint' | 'majorMinor'>> {
  const mount = await mounts.findAt(path, signal);
  if (mount !== undefined) return { mountPoint: mount.mountPoint, majorMinor: mount.majorMinor };
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Nothing is mounted at ${path}, so that there is nothing to freeze there.`,
  );
}

function requireFrozen(path: string, report: FreezeReport | undefined): void {
  if (report?.state === 'frozen') return;
  const reason = report?.state === 'failed' ? report.message : 'the helper process ended without a word';
  if (report?.state === 'failed' && report.code === 'EBUSY') {
    throw new DriverError(
      'OPERATION_PENDING',
      `The file system at ${path} is frozen by somebody else. Try again when it has been thawed (fsfreeze --unfreeze does it by hand).`,
    );
  }
  throw new DriverError(
    'INTERNAL',
    `The file system at ${path} cannot be frozen: ${reason} Look into the kernel's log for the cause.`,
  );
}

function requireThawed(options: FreezeOptions, end: FreezeEnd): void {
  if (end === 'thawed') return;
  throw new DriverError(
    'OPERATION_PENDING',
    `The file system at ${options.path} did not stay frozen until the work was done (at most ${options.maxFrozenMs} ms are allowed), so that the result is not used. Try again when the disk has less to do.`,
  );
}

async function waitAtMost(promise: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  const expired = sleepFor(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([promise, expired]);
  timer.abort();
}
