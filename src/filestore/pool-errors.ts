import { DriverError } from '../domain/errors.ts';
import { isErrno } from '../host/errno.ts';

/**
 * Gives an error of the pool's file system its meaning: full, read-only, broken or gone. What is a DriverError already,
 * an abort, or unexpected, passes unchanged. Where others work on the pool, too, they may have moved or removed what was worked on.
 */
export function toPoolError(error: unknown, poolName: string, isShared = false): unknown {
  if (error instanceof DriverError) return error;
  if (isShared && isErrno(error, 'ENOENT', 'ESTALE', 'EEXIST')) {
    return new DriverError(
      'OPERATION_PENDING',
      `Something in pool ${poolName} was moved, made or removed by another node during the call: ask again.`,
      { cause: error },
    );
  }
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) {
    return new DriverError(
      'NO_ROOM',
      `The file system of pool ${poolName} is full: remove volumes or snapshots, or enlarge it.`,
      { cause: error },
    );
  }
  if (isErrno(error, 'EROFS')) {
    return unavailable(
      poolName,
      'is mounted read-only: check its disk (dmesg) and mount it read-write',
      error,
    );
  }
  if (isErrno(error, 'EIO', 'EUCLEAN', 'ESTALE', 'ENXIO', 'ENODEV', 'ENOTCONN')) {
    return unavailable(poolName, 'answers with input/output errors: check its disk (dmesg)', error);
  }
  if (isErrno(error, 'EPERM', 'EACCES')) {
    return new DriverError(
      'PERMISSION_DENIED',
      `The file system of pool ${poolName} does not let this program, which is root, do that. If it is an export of an NFS server, the server squashes root: export it with no_root_squash to this node, or leave out uid and gid, so that everything belongs to its anonymous user (root_squash).`,
      { cause: error },
    );
  }
  return error;
}

function unavailable(poolName: string, what: string, cause: unknown): DriverError {
  return new DriverError('POOL_UNAVAILABLE', `The file system of pool ${poolName} ${what}.`, { cause });
}
