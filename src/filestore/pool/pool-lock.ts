import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../../host/errno.ts';
import type { Syscalls } from '../../host/syscalls/syscalls.ts';
import type { StorePaths } from '../paths.ts';

type LockSyscalls = Pick<Syscalls, 'lockFile' | 'unlockFile'>;

/** Giving back is a close; a disk that does not even answer that is not waited for. */
const UNLOCK_DEADLINE_MS = 30_000;

/**
 * Keeps every other program from opening the pool below these paths, on this machine, until the result is disposed or this process ends: each keeps
 * records in memory and sweeps what it did not stage itself. The pool's record exists by now. Throws POOL_UNAVAILABLE while another program has it.
 */
export async function lockPool(
  pool: { readonly name: string; readonly paths: StorePaths; readonly syscalls: LockSyscalls },
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const { name, paths, syscalls } = pool;
  // Not with the caller's signal: what is locked after the caller has left has to be given back.
  const locking = syscalls.lockFile({ path: paths.lock }, new AbortController().signal);
  try {
    const { handle } = await raceAbort(locking, signal);
    return { [Symbol.asyncDispose]: () => unlock(syscalls, handle) };
  } catch (error) {
    locking.then(({ handle }) => unlock(syscalls, handle)).catch(() => undefined);
    if (!isErrno(error, 'EAGAIN')) throw error;
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `Pool ${name} (${paths.root}) is open in another program: two that change it at once would destroy it. Stop the other one ("fuser -v ${paths.lock}" says which it is); this one tries again by itself.`,
      { cause: error },
    );
  }
}

async function unlock(syscalls: LockSyscalls, handle: number): Promise<void> {
  await syscalls.unlockFile({ handle }, AbortSignal.timeout(UNLOCK_DEADLINE_MS));
}
