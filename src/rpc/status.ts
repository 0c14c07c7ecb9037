import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { isTimeout } from '../base/deadline.ts';
import { toOneLine } from '../base/one-line.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { DriverError, ERROR_CODES } from '../domain/errors.ts';
import { ERROR_TRAILER } from './metadata.ts';

/** Name of a gRPC status, as in `NOT_FOUND`. */
export type StatusName = keyof typeof status;

/** The one table from errors to gRPC. A new error code does not compile until it has a line here. */
export const STATUS_BY_ERROR_CODE = {
  INVALID_ARGUMENT: 'INVALID_ARGUMENT',
  VOLUME_NOT_FOUND: 'NOT_FOUND',
  SNAPSHOT_NOT_FOUND: 'NOT_FOUND',
  PATH_NOT_FOUND: 'NOT_FOUND',
  VOLUME_INCOMPATIBLE: 'ALREADY_EXISTS',
  SNAPSHOT_INCOMPATIBLE: 'ALREADY_EXISTS',
  PUBLISH_INCOMPATIBLE: 'ALREADY_EXISTS',
  SIZE_OUT_OF_RANGE: 'OUT_OF_RANGE',
  NO_ROOM: 'RESOURCE_EXHAUSTED',
  VOLUME_IN_USE: 'FAILED_PRECONDITION',
  PRECONDITION_FAILED: 'FAILED_PRECONDITION',
  OPERATION_PENDING: 'ABORTED',
  TOKEN_UNKNOWN: 'ABORTED',
  POOL_UNAVAILABLE: 'UNAVAILABLE',
  CLUSTER_UNAVAILABLE: 'UNAVAILABLE',
  UNSUPPORTED: 'UNIMPLEMENTED',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  CANCELLED: 'CANCELLED',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  INTERNAL: 'INTERNAL',
} as const satisfies Record<ErrorCode, StatusName>;

/** What a client takes a status for: the most general error that has it. Statuses that we never send are INTERNAL. */
const ERROR_CODE_BY_STATUS: Readonly<Partial<Record<StatusName, ErrorCode>>> = {
  INVALID_ARGUMENT: 'INVALID_ARGUMENT',
  NOT_FOUND: 'VOLUME_NOT_FOUND',
  ALREADY_EXISTS: 'VOLUME_INCOMPATIBLE',
  OUT_OF_RANGE: 'SIZE_OUT_OF_RANGE',
  RESOURCE_EXHAUSTED: 'NO_ROOM',
  FAILED_PRECONDITION: 'PRECONDITION_FAILED',
  ABORTED: 'OPERATION_PENDING',
  UNAVAILABLE: 'POOL_UNAVAILABLE',
  UNIMPLEMENTED: 'UNSUPPORTED',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  CANCELLED: 'CANCELLED',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  UNAUTHENTICATED: 'PERMISSION_DENIED',
};

/** Longest message in characters: percent-encoded it still fits the 16 KiB of headers that clients take. */
const MAX_MESSAGE_LENGTH = 1000;

/** How a failed call answers. */
export interface Status {
  readonly name: StatusName;
  readonly code: status;
  /** One line; never empty (CSI), never longer than headers can be, always encodable. */
  readonly message: string;
}

/**
 * The answer for whatever was thrown. Only a {@link DriverError} speaks for itself; the text of anything else may hold what
 * is nobody's business, so it stays in the log.
 */
export function toStatus(error: unknown): Status {
  if (error instanceof DriverError) return makeStatus(STATUS_BY_ERROR_CODE[error.code], error.message);
  if (isTimeout(error)) {
    return makeStatus(
      'DEADLINE_EXCEEDED',
      'The work did not end within its deadline; call again to go on with it.',
    );
  }
  if (isAbort(error)) return makeStatus('CANCELLED', 'The call was cancelled.');
  return makeStatus('INTERNAL', 'The driver failed unexpectedly; its log tells more.');
}

/** The code of our own that goes with {@link toStatus}. */
export function toErrorCode(error: unknown): ErrorCode {
  if (error instanceof DriverError) return error.code;
  if (isTimeout(error)) return 'DEADLINE_EXCEEDED';
  return isAbort(error) ? 'CANCELLED' : 'INTERNAL';
}

/** Whether {@link toStatus} keeps the text of this error from the caller, so that the log is the only place that has it. */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof DriverError) && !isTimeout(error) && !isAbort(error);
}

/**
 * The error that a client throws for a failed call: with the code that the server sent beside the status, if it is one of ours.
 * `details.status` has the gRPC status, the cause is grpc-js's error.
 */
export function toDriverError(error: ServiceError): DriverError {
  const name = toStatusName(error.code);
  const code = findSentCode(error) ?? ERROR_CODE_BY_STATUS[name] ?? 'INTERNAL';
  return new DriverError(code, error.details || error.message, { cause: error, details: { status: name } });
}

function findSentCode(error: ServiceError): ErrorCode | undefined {
  const [sent] = error.metadata.get(ERROR_TRAILER);
  return ERROR_CODES.find((code) => code === sent);
}

function makeStatus(name: StatusName, text: string): Status {
  const line = toOneLine(text, MAX_MESSAGE_LENGTH);
  const message = line === '' ? 'The call failed without a message; the log of the driver tells more.' : line;
  return { name, code: status[name], message };
}

function toStatusName(code: number): StatusName {
  const names = Object.keys(STATUS_NUMBERS) as readonly StatusName[];
  return names.find((name) => STATUS_NUMBERS[name] === code) ?? 'UNKNOWN';
}

const STATUS_NUMBERS: Readonly<Record<StatusName, number>> = status;

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
