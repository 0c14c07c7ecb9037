import type { IoctlRequest, Libc } from '../libc.ts';
import { withDirectory } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';

export const FIFREEZE: IoctlRequest = { name: 'FIFREEZE', number: 0xc004_5877 };
export const FITHAW: IoctlRequest = { name: 'FITHAW', number: 0xc004_5878 };

/** Stopping and resuming all writes of a file system. */
export function createFreezeOperations(libc: Libc): Pick<SynchronousSyscalls, 'freeze' | 'thaw'> {
  return {
    freeze: (call) => withDirectory(call.path, (fd) => void libc.ioctlValue(fd, FIFREEZE, 0)),
    thaw: (call) => withDirectory(call.path, (fd) => void libc.ioctlValue(fd, FITHAW, 0)),
  };
}
