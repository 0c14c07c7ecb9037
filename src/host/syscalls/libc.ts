import koffi from 'koffi';
import { SystemCallError, toErrorName } from '../errno.ts';

/** The functions of the C library that Node.js has no counterpart for. Each throws SystemCallError. */
export interface Libc {
  mount(call: LibcMount): void;
  unmount(target: string, flags: number): void;
  makeNode(path: string, mode: number, device: number): void;
  /** ioctl(2) with a buffer that the kernel reads or fills. `name` is for the error. Returns its result. */
  ioctl(fd: number, request: IoctlRequest, argument: Buffer): number;
  /** ioctl(2) whose argument is a number. */
  ioctlValue(fd: number, request: IoctlRequest, argument: number): number;
  syncFileSystem(fd: number): void;
  statFileSystem(fd: number, buffer: Buffer): void;
  allocate(fd: number, offset: number, length: number): void;
  seek(fd: number, offset: number, whence: number): number;
  copyFileRange(ranges: LibcCopy): number;
  /** quotactl_fd(2). */
  quota(fd: number, command: number, id: number, buffer: Buffer): void;
}

export interface LibcMount {
  readonly source: string;
  readonly target: string;
  readonly fsType: string | null;
  readonly flags: number;
  readonly data: string | null;
}

export interface LibcCopy {
  readonly sourceFd: number;
  readonly targetFd: number;
  readonly offset: number;
  readonly length: number;
}

export interface IoctlRequest {
  /** `LOOP_CONFIGURE` */
  readonly name: string;
  readonly number: number;
}

/** The same on every architecture, as all calls added since 5.1 are (asm-generic/unistd.h). */
const SYS_QUOTACTL_FD = 443;

/** Binds the functions in this process's own C library. Only worker threads may do so: each call blocks its thread. */
export function createLibc(): Libc {
  const library = koffi.load(null);
  const strerror = library.func('const char *strerror(int errno)');
  const mount = library.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  );
  const umount2 = library.func('int umount2(const char *target, int flags)');
  const mknod = library.func('int mknod(const char *path, unsigned int mode, uint64_t device)');
  const ioctl = library.func('int ioctl(int fd, unsigned long request, void *argument)');
  const ioctlValue = library.func('ioctl', 'int', ['int', 'unsigned long', 'long']);
  const syncfs = library.func('int syncfs(int fd)');
  const fstatfs = library.func('int fstatfs(int fd, void *buffer)');
  const fallocate = library.func('int fallocate64(int fd, int mode, int64_t offset, int64_t length)');
  const lseek = library.func('int64_t lseek64(int fd, int64_t offset, int whence)');
  const copyFileRange = library.func(
    'int64_t copy_file_range(int in, void *in_offset, int out, void *out_offset, size_t length, unsigned int flags)',
  );
  const quotactl = library.func('long syscall(long number, long fd, long command, long id, void *buffer)');

  /** Runs a call that answers -1 with errno on failure, again while a signal interrupts it. */
  function check(syscall: string, call: () => unknown): number {
    for (;;) {
      const result = Number(call());
      if (result !== -1) return result;
      const errno = koffi.errno();
      const code = toErrorName(errno);
      if (code === 'EINTR') continue;
      const message = `${syscall} failed: ${code} (${String(strerror(errno))}).`;
      throw new SystemCallError({ code, errno, syscall, message });
    }
  }

  return {
    mount: (call) =>
      void check(`mount(${call.target})`, () =>
        mount(call.source, call.target, call.fsType, call.flags, call.data),
      ),
    unmount: (target, flags) => void check(`umount2(${target})`, () => umount2(target, flags)),
    makeNode: (path, mode, device) => void check(`mknod(${path})`, () => mknod(path, mode, device)),
    ioctl: (fd, request, argument) =>
      check(`ioctl(${request.name})`, () => ioctl(fd, request.number, argument)),
    ioctlValue: (fd, request, argument) =>
      check(`ioctl(${request.name})`, () => ioctlValue(fd, request.number, argument)),
    syncFileSystem: (fd) => void check('syncfs', () => syncfs(fd)),
    statFileSystem: (fd, buffer) => void check('fstatfs', () => fstatfs(fd, buffer)),
    allocate: (fd, offset, length) => void check('fallocate', () => fallocate(fd, 0, offset, length)),
    seek: (fd, offset, whence) => check('lseek', () => lseek(fd, offset, whence)),
    copyFileRange(call) {
      const sourceOffset = toInt64(call.offset);
      const targetOffset = toInt64(call.offset);
      return check('copy_file_range', () =>
        copyFileRange(call.sourceFd, sourceOffset, call.targetFd, targetOffset, call.length, 0),
      );
    },
    quota: (fd, command, id, buffer) =>
      void check('quotactl_fd', () => quotactl(SYS_QUOTACTL_FD, fd, command, id, buffer)),
  };
}

function toInt64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer;
}
