import { constants } from 'node:fs';
import koffi from 'koffi';
import { SystemCallError, toErrorName } from '../errno.ts';

/** The functions of the C library that Node.js has no counterpart for. Each throws SystemCallError. */
export interface Libc {
  mount(call: LibcMount): void;
  unmount(target: string, flags: number): void;
  /** open_tree(2): a copy of what is at `path`, mounted nowhere yet; it goes when its descriptor is closed. */
  cloneMount(path: string): number;
  /** mount_setattr(2) of a mount that {@link cloneMount} made; `attributes` is a struct mount_attr. */
  setMountAttributes(fd: number, attributes: Buffer): void;
  /** move_mount(2): puts it in its place. */
  attachMount(fd: number, target: string): void;
  /** close(2), for a descriptor that Node.js did not open: its own close would warn. */
  close(fd: number): void;
  /** open(2) for reading and writing, of no symlink. For what stays open: Node.js closes what a worker opened when the worker ends. */
  openOrCreate(path: string, mode: number): number;
  /** open_by_handle_at(2): what a struct file_handle names, in the file system of `mountFd`. For {@link close}. */
  openByHandle(mountFd: number, handle: Buffer): number;
  /** flock(2), exclusively, without waiting. */
  lock(fd: number): void;
  makeNode(path: string, mode: number, device: number): void;
  /** ioctl(2) with a buffer that the kernel reads or fills. `name` is for the error. Returns its result. */
  ioctl(fd: number, request: IoctlRequest, argument: Buffer): number;
  /** ioctl(2) whose argument is a number. */
  ioctlValue(fd: number, request: IoctlRequest, argument: number): number;
  syncFileSystem(fd: number): void;
  statFileSystem(fd: number, buffer: Buffer): void;
  allocate(fd: number, range: LibcRange): void;
  seek(fd: number, offset: number, whence: number): number;
  copyFileRange(ranges: LibcCopy): number;
  /** quotactl_fd(2). */
  quota(fd: number, command: number, id: number, buffer: Buffer): void;
}

export interface LibcRange {
  readonly offset: number;
  readonly length: number;
  readonly keepSize: boolean;
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
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;

/** sys/file.h. */
const LOCK_EX = 2;
const LOCK_NB = 4;
/** linux/fcntl.h and linux/mount.h. */
const FALLOC_FL_KEEP_SIZE = 1;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o200_0000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

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
  const openTree = library.func('syscall', 'long', ['long', 'long', 'str', 'long']);
  const open = library.func('int open(const char *path, int flags, ...)');
  const openByHandleAt = library.func('int open_by_handle_at(int mountFd, void *handle, int flags)');
  const flock = library.func('int flock(int fd, int operation)');
  const close = library.func('int close(int fd)');
  const mountSetattr = library.func('syscall', 'long', ['long', 'long', 'str', 'long', 'void *', 'long']);
  const moveMount = library.func('syscall', 'long', ['long', 'long', 'str', 'long', 'str', 'long']);

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
    cloneMount: (path) =>
      check(`open_tree(${path})`, () =>
        openTree(SYS_OPEN_TREE, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW),
      ),
    setMountAttributes: (fd, attributes) =>
      void check('mount_setattr', () =>
        mountSetattr(SYS_MOUNT_SETATTR, fd, '', AT_EMPTY_PATH, attributes, attributes.length),
      ),
    attachMount: (fd, target) =>
      void check(`move_mount(${target})`, () =>
        moveMount(SYS_MOVE_MOUNT, fd, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
      ),
    close: (fd) => void check('close', () => close(fd)),
    openOrCreate: (path, mode) =>
      check(`open(${path})`, () =>
        open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | O_CLOEXEC, 'int', mode),
      ),
    openByHandle: (mountFd, handle) =>
      check('open_by_handle_at', () => openByHandleAt(mountFd, handle, constants.O_RDONLY | O_CLOEXEC)),
    lock: (fd) => void check('flock', () => flock(fd, LOCK_EX | LOCK_NB)),
    makeNode: (path, mode, device) => void check(`mknod(${path})`, () => mknod(path, mode, device)),
    ioctl: (fd, request, argument) =>
      check(`ioctl(${request.name})`, () => ioctl(fd, request.number, argument)),
    ioctlValue: (fd, request, argument) =>
      check(`ioctl(${request.name})`, () => ioctlValue(fd, request.number, argument)),
    syncFileSystem: (fd) => void check('syncfs', () => syncfs(fd)),
    statFileSystem: (fd, buffer) => void check('fstatfs', () => fstatfs(fd, buffer)),
    allocate: (fd, { offset, length, keepSize }) =>
      void check('fallocate', () => fallocate(fd, keepSize ? FALLOC_FL_KEEP_SIZE : 0, offset, length)),
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
