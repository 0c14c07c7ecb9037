import { DriverError } from '../domain/errors.ts';
import type { Content } from './filesystems/detect.ts';
import type { DeviceState, FormatRequest } from './formatter.ts';

/** The error for a device that must not be formatted: what was found, and what a person can do. Pure. */
export function describeObstacle({ content, found }: DeviceState, request: FormatRequest): DriverError {
  const { device, volumeId, fsType } = request;
  const obstacle = found.kind === 'none' ? describeContent(content, fsType) : describeIntent(found);
  return new DriverError(
    'PRECONDITION_FAILED',
    `The device ${device} of volume ${volumeId} was not formatted as ${fsType}, because ${obstacle}. Save what is needed from it; if all of it may go, clear it with "wipefs -a ${device}" and "blkdiscard -z ${device}".`,
  );
}

function describeIntent(found: Exclude<DeviceState['found'], { readonly kind: 'none' }>): string {
  if (found.kind === 'damaged') return 'it carries a damaged header of an unfinished mkfs';
  return `an unfinished mkfs on it belongs to another volume, ${found.intent.volumeId}`;
}

function describeContent(content: Content, wanted: string): string {
  if (content.kind === 'blank') return 'it changed while it was looked at';
  if (content.kind === 'foreign') {
    return content.names.length === 0
      ? 'it has data in none of the formats that are known here'
      : `it has ${content.names.join(' and ')}`;
  }
  const { type, isComplete, label } = content.superblock;
  if (!isComplete) return `it has a ${type} file system whose mkfs was not ours and did not finish`;
  const labelled = label === '' ? '' : ` labelled "${label}"`;
  return `it has a file system of another type than ${wanted}: ${type}${labelled}`;
}
