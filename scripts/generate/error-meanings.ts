import type { ErrorCode } from '../../src/domain/errors.ts';

/** When an error occurs, and what its reader can do. A new error code does not compile until it has a line here. */
export const ERROR_MEANINGS = {
  INVALID_ARGUMENT: [
    'A field of the request or a parameter is missing or malformed.',
    'Correct what the message names.',
  ],
  VOLUME_NOT_FOUND: [
    'No volume has this id.',
    'Nothing, if it was deleted; else look for its pool with ListVolumes.',
  ],
  SNAPSHOT_NOT_FOUND: [
    'No snapshot has this id.',
    'Nothing, if it was deleted; else look for its pool with ListSnapshots.',
  ],
  PATH_NOT_FOUND: ['The volume is not staged or published at this path.', 'Stage and publish it first.'],
  VOLUME_INCOMPATIBLE: [
    'The name belongs to a volume that was asked for differently.',
    'Use another name, or ask for the same.',
  ],
  SNAPSHOT_INCOMPATIBLE: ['The name belongs to a snapshot of something else.', 'Use another name.'],
  PUBLISH_INCOMPATIBLE: ['The volume is at this path in another way.', 'Unpublish or unstage it first.'],
  SIZE_OUT_OF_RANGE: ['No volume can have this size here.', 'Ask for a size that the message allows.'],
  NO_ROOM: [
    'No pool, or no room in it, where the volume has to be.',
    'Grow or empty the pool, or choose another one.',
  ],
  VOLUME_IN_USE: ['The volume is mounted or open somewhere.', 'Stop what uses it, then call again.'],
  PRECONDITION_FAILED: ['Something is not as the call needs it.', 'Do what the message says first.'],
  OPERATION_PENDING: [
    'Another operation is under way, or the outcome of an earlier one is not known yet.',
    'Call again later.',
  ],
  TOKEN_UNKNOWN: ['The paging token was not made by this driver.', 'Start again without a token.'],
  POOL_UNAVAILABLE: ['The pool or its disk cannot be reached now.', 'Bring it back, then call again.'],
  CLUSTER_UNAVAILABLE: [
    'The Kubernetes API cannot be reached, or cannot answer now.',
    'Nothing, if it is being upgraded; else bring it back. The call is tried again.',
  ],
  UNSUPPORTED: ['The driver does not offer this.', 'Ask for its capabilities.'],
  DEADLINE_EXCEEDED: [
    'The work or the wait took too long.',
    'Call again: work that was begun is found and finished.',
  ],
  CANCELLED: ['The caller went away.', 'Nothing.'],
  PERMISSION_DENIED: ['The caller may not do this.', 'Use an identity that may.'],
  INTERNAL: [
    'A defect, or a host that failed in a way nobody foresaw.',
    'Read the log of the driver and report it.',
  ],
} as const satisfies Record<ErrorCode, readonly [meaning: string, action: string]>;
