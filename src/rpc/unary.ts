import type { handleUnaryCall, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { DriverError } from '../domain/errors.ts';
import type { Next } from './interceptor.ts';
import type { Call } from './service.ts';
import { toStatus } from './status.ts';

/** What is the same for all calls of one method. */
export type MethodFacts = Omit<Call, 'request' | 'signal'>;

/**
 * A grpc-js handler for the promise `answer`: whatever it throws becomes a status without metadata, and its signal aborts
 * when the caller cancels, disconnects, or reaches its deadline. A rejection never leaves this function, because grpc-js
 * would let the caller wait for its deadline.
 */
export function createUnaryHandler(facts: MethodFacts, answer: Next): handleUnaryCall<object, object> {
  return (call, callback) => void settle(respond(call, facts, answer), callback);
}

async function settle(answer: Promise<object>, callback: sendUnaryData<object>): Promise<void> {
  let response: object;
  try {
    response = await answer;
  } catch (error) {
    const { code, message } = toStatus(error);
    callback({ code, details: message });
    return;
  }
  callback(null, response);
}

async function respond(
  call: ServerUnaryCall<object, object>,
  facts: MethodFacts,
  answer: Next,
): Promise<object> {
  const caller = new AbortController();
  // grpc-js emits this after every answer too; nothing listens to the signal by then.
  call.on('cancelled', () => caller.abort(reasonToStop(call)));
  return await answer({ ...facts, request: call.request, signal: caller.signal });
}

function reasonToStop(call: ServerUnaryCall<object, object>): DriverError {
  const isLate = Number(call.getDeadline()) <= Date.now();
  return isLate
    ? new DriverError('DEADLINE_EXCEEDED', 'The deadline of the call has passed; call again to go on.')
    : new DriverError('CANCELLED', 'The caller went away before the answer.');
}
