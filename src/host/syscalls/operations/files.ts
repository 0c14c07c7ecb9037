import { constants, fstatSync } from 'node:fs';
import { isErrno } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { DataRange } from '../syscalls.ts';

const FICLONE: IoctlRequest = { name: 'FICLONE', number: 0x4004_9409 };
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

type FileOperations = Pick<SynchronousSyscalls, 'cloneFile' | 'copyRange' | 'findData' | 'allocate'>;

/** Work on the contents of regular files. */
export function createFileOperations(libc: Libc): FileOperations {
  return {
    cloneFile: (call) =>
      withPair(call, (sourceFd, targetFd) => void libc.ioctlValue(targetFd, FICLONE, sourceFd)),
    copyRange: (call) =>
      withPair(call, (sourceFd, targetFd) => ({
        copiedBytes: libc.copyFileRange({
          sourceFd,
          targetFd,
          offset: call.offset,
          length: call.length,
        }),
      })),
    findData: (call) => withOpen(call.path, constants.O_RDONLY, (fd) => findData(libc, fd, call.offset)),
    allocate: ({ path, offset, length, keepSize = false }) =>
      withOpen(path, constants.O_WRONLY, (fd) => libc.allocate(fd, { offset, length, keepSize })),
  };
}

function withPair<T>(
  call: { readonly source: string; readonly target: string },
  work: (sourceFd: number, targetFd: number) => T,
): T {
  return withOpen(call.source, constants.O_RDONLY, (sourceFd) =>
    withOpen(call.target, constants.O_WRONLY, (targetFd) => work(sourceFd, targetFd)),
  );
}

function findData(libc: Libc, fd: number, offset: number): DataRange | undefined {
  try {
    const start = libc.seek(fd, offset, SEEK_DATA);
    return { offset: start, length: libc.seek(fd, start, SEEK_HOLE) - start };
  } catch (error) {
    // ENXIO: no data up to the end, or an offset beyond it. A file that is not regular has no holes to speak of.
    if (isErrno(error, 'ENXIO') && fstatSync(fd).isFile()) return undefined;
    throw error;
  }
}
