import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { KeyedLock, raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { isErrno } from './errno.ts';
import type { LoopDevice, LoopOptions, Loops } from './host.ts';
import type { AttachedLoop, LoopBacking, Syscalls } from './syscalls/syscalls.ts';

/** How long a detach waits for the last user of a device to close it: udev and blkid look into each for a moment. */
const DETACH_WAIT_MS = 2000;
const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 100;

export interface LoopsDependencies {
  readonly syscalls: Pick<
    Syscalls,
    'attachLoop' | 'detachLoop' | 'keepLoop' | 'resizeLoop' | 'getLoop' | 'listLoops'
  >;
  readonly clock: Clock;
}

/** Loop devices. See the contract in host.ts. */
export function createLoops({ syscalls, clock }: LoopsDependencies): Loops {
  // Two calls that find no device for one file must not attach two.
  const attaching = new KeyedLock();

  async function listAttached(
    file: string,
    identity: LoopBacking,
    signal: AbortSignal,
  ): Promise<readonly AttachedLoop[]> {
    const loops = await syscalls.listLoops({ fileName: basename(file) }, signal);
    return loops.filter((loop) => isOver(loop, identity));
  }

  async function listOf(file: string, signal: AbortSignal): Promise<readonly LoopDevice[]> {
    const identity = await findIdentity(file, signal);
    if (identity === undefined) return [];
    return (await listAttached(file, identity, signal)).map((loop) => toDevice(loop));
  }

  async function ensure(options: LoopOptions, signal: AbortSignal): Promise<LoopDevice> {
    const { file, readOnly, sectorSizeBytes } = options;
    const identity = await getIdentity(file, signal);
    using _lock = await attaching.acquire(`${identity.backingDevice}:${identity.backingInode}`, signal);
    const present = (await listAttached(file, identity, signal)).map((loop) => toDevice(loop));
    if (present.length > 0) {
      const whole = present.filter(({ partial }) => !partial);
      return await keepOver(file, identity, choose(whole.length > 0 ? whole : present, options), signal);
    }
    const call = { file, readOnly, directIo: true, sectorSizeBytes };
    return { ...(await syscalls.attachLoop(call, signal)), readOnly, detaching: false, partial: false };
  }

  async function keep(file: string, device: LoopDevice, signal: AbortSignal): Promise<LoopDevice> {
    return await keepOver(file, await getIdentity(file, signal), device, signal);
  }

  async function keepOver(
    file: string,
    identity: LoopBacking,
    found: LoopDevice,
    signal: AbortSignal,
  ): Promise<LoopDevice> {
    const { device } = found;
    if (found.partial) throw toPartial(file, device);
    if (await syscalls.keepLoop({ device, ...identity }, signal)) return { ...found, detaching: false };
    throw new DriverError(
      'OPERATION_PENDING',
      `The loop device ${device} has just let go of the file ${file}. Try again.`,
    );
  }

  async function detachAll(file: string, signal: AbortSignal): Promise<void> {
    const identity = await findIdentity(file, signal);
    if (identity === undefined) return;
    const loops = await listAttached(file, identity, signal);
    await Promise.all(loops.map((loop) => detach(loop.device, identity, signal)));
  }

  async function detach(device: string, identity: LoopBacking, signal: AbortSignal): Promise<void> {
    await syscalls.detachLoop({ device, ...identity }, signal);
    const giveUpAt = clock.monotonic() + DETACH_WAIT_MS;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
      const status = await syscalls.getLoop({ device }, signal);
      // The number may have been given to another file since.
      if (status === undefined || !isOver(status, identity)) return;
      if (clock.monotonic() >= giveUpAt) throw toBusy(device);
      await clock.sleep(pollMs, signal);
    }
  }

  return {
    listOf,
    ensure,
    keep,
    detachAll,
    resize: (device, signal) => syscalls.resizeLoop({ device }, signal),
  };
}

async function findIdentity(file: string, signal: AbortSignal): Promise<LoopBacking | undefined> {
  try {
    // st_dev has the encoding of lo_device; on btrfs both are the subvolume's, which mountinfo doesn't show.
    const { dev, ino } = await raceAbort(lstat(file, { bigint: true }), signal);
    return { backingDevice: dev, backingInode: ino };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function getIdentity(file: string, signal: AbortSignal): Promise<LoopBacking> {
  const identity = await findIdentity(file, signal);
  if (identity !== undefined) return identity;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The file ${file} does not exist, so that no device shows it.`,
  );
}

function isOver(loop: LoopBacking, { backingDevice, backingInode }: LoopBacking): boolean {
  return loop.backingDevice === backingDevice && loop.backingInode === backingInode;
}

function toDevice({ device, majorMinor, readOnly, detaching, partial }: AttachedLoop): LoopDevice {
  return { device, majorMinor, readOnly, detaching, partial };
}

/** A writable device serves a reader, too; a read-only one cannot serve a writer. */
function choose(present: readonly LoopDevice[], options: LoopOptions): LoopDevice {
  const same = present.find((device) => device.readOnly === options.readOnly);
  const usable = same ?? present.find((device) => !device.readOnly);
  if (usable !== undefined) return usable;
  throw new DriverError(
    'VOLUME_IN_USE',
    `The file ${options.file} is attached read-only as ${present[0]?.device}. Unpublish the volume where it is read before it is written.`,
  );
}

function toBusy(device: string): DriverError {
  return new DriverError(
    'OPERATION_PENDING',
    `The loop device ${device} is still open somewhere, and goes when it is closed (fuser -v ${device} shows who has it). Try again.`,
  );
}

function toPartial(file: string, device: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The loop device ${device} shows a part of the file ${file} only, so that it was attached by somebody else. Detach it (losetup --detach ${device}) and try again.`,
  );
}
