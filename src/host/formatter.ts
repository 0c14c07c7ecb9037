import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { KeyedLock } from '../base/keyed-lock.ts';
import type { FsType } from '../domain/access.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { isErrno } from './errno.ts';
import { type Content, detectContent } from './filesystems/detect.ts';
import type { Filesystem } from './filesystems/filesystem.ts';
import type { Filesystems } from './filesystems/index.ts';
import {
  eraseIntent,
  type FoundIntent,
  getIntentRange,
  readIntent,
  writeIntent,
} from './formatter-intent.ts';
import { describeObstacle } from './formatter-obstacles.ts';
import { listSignatureRanges, wipeRanges, withoutHole } from './signatures-areas.ts';
import type { Syscalls } from './syscalls/syscalls.ts';

/** Makes file systems, and never on somebody's data. */
export interface Formatter {
  /**
   * Sees to it that the device has the file system that is asked for: keeps the one that is there, or makes it on a device whose size
   * is the expected one and whose signature areas are all zero, or starts over where an earlier call for this volume was killed.
   * Call it before the file system is mounted; the caller has made sure which device it is (by serial, or by the loop's file).
   * Throws PRECONDITION_FAILED for anything else that is found, POOL_UNAVAILABLE when the device cannot be read, SIZE_OUT_OF_RANGE when it is too small,
   * VOLUME_IN_USE when somebody holds it (all DriverError). Idempotent, and safe against SIGKILL and power cuts at any point.
   */
  ensureFormatted(request: FormatRequest, signal: AbortSignal): Promise<{ readonly made: boolean }>;
}

export interface FormatRequest {
  readonly device: string;
  readonly volumeId: string;
  readonly expectedSizeBytes: number;
  readonly fsType: FsType;
  /** At most 12 characters. */
  readonly label: string;
}

/** Where {@link FormatterDeps.onStep} is called: after the step of that name. */
export type FormatStep = 'inspected' | 'intent-written' | 'wiped' | 'made' | 'verified' | 'intent-erased';

export interface FormatterDeps {
  readonly filesystems: Filesystems;
  readonly syscalls: Pick<Syscalls, 'getDeviceSize' | 'probeExclusive' | 'flushDevice'>;
  readonly logger: Logger;
  /** Lets tests stop, or kill, between steps. */
  readonly onStep?: (step: FormatStep) => Promise<void>;
}

interface Job {
  readonly request: FormatRequest;
  readonly deviceBytes: number;
  readonly filesystem: Filesystem;
  readonly signal: AbortSignal;
}

/** Builds the formatter. Calls for one device take turns; other processes are kept out by an exclusive open. */
export function createFormatter(deps: FormatterDeps): Formatter {
  const locks = new KeyedLock();
  return {
    async ensureFormatted(request, signal) {
      using _turn = await locks.acquire(request.device, signal);
      const { sizeBytes: deviceBytes } = await deps.syscalls.getDeviceSize(
        { device: request.device },
        signal,
      );
      const filesystem = deps.filesystems.getFilesystem(request.fsType);
      const job: Job = { request, deviceBytes, filesystem, signal };
      // The first look decides only whether there is something to keep, which must work on a device in use, too.
      if (decide(await inspect(job), request) === 'keep') return { made: false };
      assertSize(job);
      await claim(deps, job);
      const state = await inspect(job);
      const decision = decide(state, request);
      await deps.onStep?.('inspected');
      if (decision === 'keep') return { made: false };
      if (decision === 'refuse') throw describeObstacle(state, request);
      await make(deps, job, decision);
      deps.logger.info('File system made', { device: request.device, fsType: request.fsType, decision });
      return { made: true };
    },
  };
}

/** What the formatter found: the device's content, and the header of an attempt. */
export interface DeviceState {
  readonly content: Content;
  readonly found: FoundIntent;
}

type Decision = 'keep' | 'make' | 'start-over' | 'refuse';

async function inspect({ request, deviceBytes }: Job): Promise<DeviceState> {
  const { device } = request;
  const except = getIntentRange(deviceBytes);
  if (except.offset < 0)
    return { content: await detectContent({ device, sizeBytes: deviceBytes }), found: { kind: 'none' } };
  const withAll = await detectContent({ device, sizeBytes: deviceBytes });
  // A file system over the header's place was never made by an attempt under way: what looks like a header is a file's content.
  if (withAll.kind === 'filesystem' && withAll.superblock.sizeBytes > except.offset) {
    return { content: withAll, found: { kind: 'none' } };
  }
  const found = await readFound(device, deviceBytes);
  if (found.kind === 'none') return { content: withAll, found };
  return { content: await detectContent({ device, sizeBytes: deviceBytes, except }), found };
}

async function readFound(device: string, deviceBytes: number): Promise<FoundIntent> {
  await using file = await open(device, 'r');
  return await readIntent(file, deviceBytes);
}

function decide({ content, found }: DeviceState, request: FormatRequest): Decision {
  if (found.kind === 'damaged') return 'refuse';
  if (found.kind === 'intent') return found.intent.volumeId === request.volumeId ? 'start-over' : 'refuse';
  if (content.kind === 'blank') return 'make';
  const isWanted =
    content.kind === 'filesystem' &&
    content.superblock.type === request.fsType &&
    content.superblock.isComplete;
  return isWanted ? 'keep' : 'refuse';
}

function assertSize({ request, deviceBytes, filesystem }: Job): void {
  if (deviceBytes !== request.expectedSizeBytes) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The device ${request.device} has ${deviceBytes} bytes, but volume ${request.volumeId} has ${request.expectedSizeBytes}: it may be another disk, so nothing was made on it. If the volume is being expanded, try again when that is done.`,
    );
  }
  if (deviceBytes >= filesystem.minimumBytes) return;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `Volume ${request.volumeId} has ${deviceBytes} bytes, which is too small for ${filesystem.type}: at least ${filesystem.minimumBytes} are needed.`,
  );
}

/** Makes sure that nobody else has the device, and that what is read next comes from the disk. */
async function claim({ syscalls }: FormatterDeps, { request, signal }: Job): Promise<void> {
  const { device, volumeId } = request;
  try {
    await syscalls.probeExclusive({ device }, signal);
  } catch (error) {
    if (!isErrno(error, 'EBUSY')) throw error;
    throw new DriverError(
      'VOLUME_IN_USE',
      `The device ${device} of volume ${volumeId} is held by a mount or by another program, an mkfs that still runs for instance, so nothing can be made on it. Try again when it is free.`,
      { cause: error },
    );
  }
  await syscalls.flushDevice({ device }, signal);
}

async function make(deps: FormatterDeps, job: Job, decision: 'make' | 'start-over'): Promise<void> {
  const { request, deviceBytes, filesystem, signal } = job;
  const intentRange = getIntentRange(deviceBytes);
  await withDevice(request.device, async (file) => {
    const { volumeId, fsType } = request;
    await writeIntent(file, { volumeId, fsType, deviceBytes, nonce: randomUUID() });
    await deps.onStep?.('intent-written');
    if (decision === 'make') return;
    await wipeRanges(file, withoutHole(listSignatureRanges(deviceBytes), intentRange));
    await deps.onStep?.('wiped');
  });
  await filesystem.make(request.device, { label: request.label, sizeBytes: intentRange.offset }, signal);
  await deps.onStep?.('made');
  await verify(job);
  await deps.onStep?.('verified');
  await withDevice(request.device, async (file) => await eraseIntent(file, deviceBytes));
  await deps.onStep?.('intent-erased');
}

async function verify({ request, deviceBytes }: Job): Promise<void> {
  const except = getIntentRange(deviceBytes);
  const content = await detectContent({ device: request.device, sizeBytes: deviceBytes, except });
  const isMade =
    content.kind === 'filesystem' &&
    content.superblock.type === request.fsType &&
    content.superblock.isComplete;
  if (isMade) return;
  throw new DriverError(
    'INTERNAL',
    `mkfs for volume ${request.volumeId} ended well, but ${request.device} has no whole ${request.fsType} file system. Try again; it starts over.`,
  );
}

async function withDevice(device: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  await using file = await open(device, 'r+');
  await work(file);
}
