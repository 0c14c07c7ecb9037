/** Every way in which a call can fail, as the callers of this project see it. rpc/status.ts maps each to a gRPC code. */
export const ERROR_CODES = [
  /** A field of the request is missing or malformed. */
  'INVALID_ARGUMENT',
  'VOLUME_NOT_FOUND',
  'SNAPSHOT_NOT_FOUND',
  /** The volume exists, but not at the path that the call names. */
  'PATH_NOT_FOUND',
  /** The name or path is taken by something that was asked for differently. */
  'VOLUME_INCOMPATIBLE',
  'SNAPSHOT_INCOMPATIBLE',
  'PUBLISH_INCOMPATIBLE',
  /** The size is impossible here: too small, too large, smaller than the source. */
  'SIZE_OUT_OF_RANGE',
  /** No pool, or no room in it, in the topology that was asked for. */
  'NO_ROOM',
  'VOLUME_IN_USE',
  /** What the call needs to find is not as the call needs it: not staged, wrong mode, a foreign file system on the device. */
  'PRECONDITION_FAILED',
  /** Another operation is under way, or the outcome of an earlier one is not known yet: ask again. */
  'OPERATION_PENDING',
  /** A paging token that this driver did not make. */
  'TOKEN_UNKNOWN',
  /** The pool or its disk cannot be reached now; what it holds is unknown. */
  'POOL_UNAVAILABLE',
  /** The Kubernetes API cannot be reached, or cannot answer now: ask again. */
  'CLUSTER_UNAVAILABLE',
  /** Not offered by this driver or backend. */
  'UNSUPPORTED',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'PERMISSION_DENIED',
  /** A defect or a host that failed in a way nobody foresaw. */
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Facts for logs that do not belong into the sentence. Never secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The one error that this project throws on purpose. The message is a sentence for the operator: what happened, to which
 * volume or pool, and what to do.
 */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Whether an error is a {@link DriverError} with this code. */
export function isDriverError(error: unknown, code: ErrorCode): error is DriverError {
  return error instanceof DriverError && error.code === code;
}
