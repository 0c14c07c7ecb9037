import type { handleUnaryCall, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { DriverError } from '../domain/errors.ts';
import type { Next } from './interceptor.ts';
import { ERROR_TRAILER, toCallMetadata, toMetadata } from './metadata.ts';
import type { Call, Service } from './service.ts';
import { toErrorCode, toStatus } from './status.ts';

/** What is the same for all calls of one method. */
export type MethodFacts = Omit<Call, 'request' | 'signal' | 'metadata'> & Pick<Service, 'answerMetadata'>;

/**
 * A grpc-js handler for the promise `answer`: whatever it throws becomes a status, without metadata unless the service has
 * some of its own, and its signal aborts when the caller cancels, disconnects, or reaches its deadline. A rejection never
 * leaves this function, because grpc-js would let the caller wait for its deadline.
 */
export function createUnaryHandler(facts: MethodFacts, answer: Next): handleUnaryCall<object, object> {
  return (call, callback) => void settle(call, respond(call, facts, answer), { facts, callback });
}

interface Settling {
  readonly facts: MethodFacts;
  readonly callback: sendUnaryData<object>;
}

async function settle(
  call: ServerUnaryCall<object, object>,
  answer: Promise<object>,
  { facts: { answerMetadata }, callback }: Settling,
): Promise<void> {
  let response: object;
  try {
    response = await answer;
  } catch (error) {
    const { code, message } = toStatus(error);
    if (answerMetadata === undefined) return callback({ code, details: message });
    const metadata = toMetadata({ ...answerMetadata, [ERROR_TRAILER]: toErrorCode(error) });
    return callback({ code, details: message, metadata });
  }
  // A call that ended already takes no headers.
  if (answerMetadata !== undefined && !call.cancelled) call.sendMetadata(toMetadata(answerMetadata));
  callback(null, response);
}

async function respond(
  call: ServerUnaryCall<object, object>,
  facts: MethodFacts,
  answer: Next,
): Promise<object> {
  const caller = new AbortController();
  let isAnswered = false;
  call.on('cancelled', () => {
    // grpc-js emits this after every answer too.
    if (!isAnswered) caller.abort(reasonToStop(call));
  });
  const { answerMetadata: _, ...shared } = facts;
  const metadata = toCallMetadata(call.metadata);
  try {
    return await answer({ ...shared, metadata, request: call.request, signal: caller.signal });
  } finally {
    isAnswered = true;
  }
}

function reasonToStop(call: ServerUnaryCall<object, object>): DriverError {
  const isLate = Number(call.getDeadline()) <= Date.now();
  return isLate
    ? new DriverError('DEADLINE_EXCEEDED', 'The deadline of the call has passed; call again to go on.')
    : new DriverError('CANCELLED', 'The caller went away before the answer.');
}
