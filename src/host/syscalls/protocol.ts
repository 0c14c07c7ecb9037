import type { Syscalls } from './syscalls.ts';

/** The calls that a worker answers: everything in the contract that is not about the workers themselves. */
export type SyscallName = Exclude<keyof Syscalls, 'close' | 'countStuck'>;
export type SyscallArgument<Name extends SyscallName> = Parameters<Syscalls[Name]>[0];
export type SyscallResult<Name extends SyscallName> = Awaited<ReturnType<Syscalls[Name]>>;

/** The same contract as a worker implements it: synchronous, without signals. */
export type SynchronousSyscalls = {
  readonly [Name in SyscallName]: (call: SyscallArgument<Name>) => SyscallResult<Name>;
};

/** To a worker, one at a time. */
export interface SyscallRequest {
  readonly name: SyscallName;
  readonly call: unknown;
}

/** From a worker, one for each request. A `defect` is an error that is no system call's. */
export type SyscallReply =
  | { readonly outcome: 'done'; readonly value: unknown }
  | { readonly outcome: 'failed'; readonly failure: SyscallFailure }
  | { readonly outcome: 'defect'; readonly message: string; readonly stack: string | undefined };

/** What makes a SystemCallError on the other side. */
export interface SyscallFailure {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly message: string;
}
