import { parentPort } from 'node:worker_threads';
import { toErrorName } from '../errno.ts';
import { createLibc } from './libc.ts';
import { createOperations } from './operations.ts';
import type { SyscallReply, SyscallRequest, SynchronousSyscalls } from './protocol.ts';

/** Entry of a worker thread: answers one request after the other, each by the operation of its name. */
function serve(operations: SynchronousSyscalls): void {
  parentPort?.on('message', (request: SyscallRequest) =>
    parentPort?.postMessage(answer(operations, request), []),
  );
}

function answer(operations: SynchronousSyscalls, request: SyscallRequest): SyscallReply {
  try {
    // The client is typed by the same table, so that a name and its argument belong together.
    const operation = operations[request.name] as (call: unknown) => unknown;
    return { outcome: 'done', value: operation(request.call) };
  } catch (error) {
    return toReply(error);
  }
}

function toReply(error: unknown): SyscallReply {
  if (!(error instanceof Error)) return { outcome: 'defect', message: String(error), stack: undefined };
  if (!('errno' in error) || typeof error.errno !== 'number') {
    return { outcome: 'defect', message: error.message, stack: error.stack };
  }
  const errno = Math.abs(error.errno);
  const syscall = 'syscall' in error ? String(error.syscall) : 'unknown';
  return { outcome: 'failed', failure: { code: toErrorName(errno), errno, syscall, message: error.message } };
}

serve(createOperations(createLibc()));
