import { DriverError } from '../../domain/errors.ts';

const SLACK_BYTES = 1024 * 1024;

/**
 * Whether a file system fills its device. Less than 1 MiB behind it is not worth a growth: the formatter keeps 256 KiB free
 * there, and mkfs drops a last group that is too small to be of use.
 */
export function fillsDevice(fileSystemBytes: number, deviceBytes: number): boolean {
  return deviceBytes - fileSystemBytes < SLACK_BYTES;
}

/** The error for a file system that grows only while it is mounted. */
export function needsMount(type: string, device: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The ${type} file system on ${device} grows only while it is mounted. Stage the volume first.`,
  );
}
