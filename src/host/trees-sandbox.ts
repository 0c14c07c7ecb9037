import type { AssignProjectOptions, CopyTreeOptions } from './host.ts';

type Argv = readonly [program: string, ...args: string[]];

/**
 * A mount namespace with nothing in it but a read-only /usr (the links into it are those of a merged /usr), and no network, no other
 * processes, no other IPC. The user namespace stays: owners have to be the real ones. The child dies with this process.
 */
const SANDBOX: Argv = [
  'bwrap',
  '--unshare-ipc',
  '--unshare-pid',
  '--unshare-net',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--die-with-parent',
  '--ro-bind',
  '/usr',
  '/usr',
  '--symlink',
  'usr/lib',
  '/lib',
  '--symlink',
  'usr/lib64',
  '/lib64',
  '--chdir',
  '/',
  '--cap-drop',
  'ALL',
];

/** Lowest priority for processor and disk. -t: where the disk's scheduler knows no priorities, go on. */
const GENTLY = ['/usr/bin/nice', '-n', '19', '/usr/bin/ionice', '-t', '-c', '3'] as const;

/** Lowest of those priorities for the disk that are sure to get their turn: somebody waits for what is made. */
const POLITELY = ['/usr/bin/ionice', '-t', '-c', '2', '-n', '7'] as const;

/** Read and search everything, remove from sticky and foreign directories. */
const WALK = ['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER'] as const;
/** Give copies their owners, set-id bits, device nodes, file capabilities, and trusted.* attributes (SYS_ADMIN). Not SYS_RESOURCE: quotas bind. */
const DUPLICATE = ['CAP_CHOWN', 'CAP_FSETID', 'CAP_MKNOD', 'CAP_SETFCAP', 'CAP_SYS_ADMIN'] as const;

const ALL_ATTRIBUTES = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'] as const;

/** The argv that removes what is in a tree; its root stays, since it is a mount there. Pure. */
export function toRemoveArgv(path: string): Argv {
  const rm = ['/usr/bin/rm', '-rf', '--one-file-system', '--', '/target'];
  return [...SANDBOX, ...grant(WALK), '--bind', path, '/target', '--', ...GENTLY, ...rm];
}

/** The argv that counts a tree's allocated bytes or its inodes. Pure. */
export function toMeasureArgv(path: string, unit: 'bytes' | 'inodes'): Argv {
  const option = unit === 'bytes' ? '--block-size=1' : '--inodes';
  const du = ['/usr/bin/du', '-s', '-x', option, '--', '/source'];
  return [...SANDBOX, ...grant(WALK), '--ro-bind', path, '/source', '--', ...GENTLY, ...du];
}

/** The argv that copies the contents of a tree. Pure. */
export function toCopyArgv({ source, target, reflink }: CopyTreeOptions): Argv {
  // `/source/.` copies the contents, and the root's own attributes onto the target's.
  const cp = ['/usr/bin/cp', '-a', '-x', `--reflink=${reflink}`, '--', '/source/.', '/target'];
  // cp gives read-only directories their bits by way of /proc/self/fd; what it shows is the sandbox's own processes.
  const mounts = ['--proc', '/proc', '--ro-bind', source, '/source', '--bind', target, '/target'];
  return [...SANDBOX, ...grant([...WALK, ...DUPLICATE]), ...mounts, '--', ...GENTLY, ...cp];
}

/**
 * The argv that prints the contents of a tree as an archive. Pure. What would differ from one run to the next is left out: times of access and change,
 * and the process id in the names of extended headers.
 */
export function toPackArgv(source: string): Argv {
  const stable = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
  const create = ['/usr/bin/tar', '--create', '--file=-', '--format=posix', '--sort=name', stable];
  // xfs shows its access control lists a second time, under names that would be taken for attributes elsewhere.
  const attributes = [...ALL_ATTRIBUTES, '--xattrs-exclude=trusted.SGI_ACL_*'];
  const tar = [...create, ...attributes, '--sparse', '--one-file-system', '--directory=/source', '.'];
  // SYS_ADMIN reads trusted.* attributes.
  const capabilities = grant([...WALK, 'CAP_SYS_ADMIN']);
  const mounts = ['--proc', '/proc', '--ro-bind', source, '/source'];
  return [...SANDBOX, ...capabilities, ...mounts, '--', ...POLITELY, ...tar];
}

/** The argv that unpacks such an archive from its standard input. Pure. */
export function toUnpackArgv(target: string): Argv {
  const extract = ['/usr/bin/tar', '--extract', '--file=-', '--preserve-permissions', '--same-owner'];
  const tar = [...extract, ...ALL_ATTRIBUTES, '--delay-directory-restore', '--directory=/target'];
  const mounts = ['--proc', '/proc', '--bind', target, '/target'];
  return [...SANDBOX, ...grant([...WALK, ...DUPLICATE]), ...mounts, '--', ...POLITELY, ...tar];
}

/**
 * The argv that gives a tree's files and directories a project id. Pure. Others, symlinks among them, cannot be given one by kernels before 6.17, and
 * chattr does not try. Without FSETID the kernel takes set-id bits away.
 */
export function toAssignProjectArgv({ path, projectId, inherit }: AssignProjectOptions): Argv {
  const chattr = ['-exec', '/usr/bin/chattr', '-p', String(projectId)];
  // Files inherit nothing to anybody: ext4 does not let them be marked so.
  const directories = ['-type', 'd', ...chattr, inherit ? '+P' : '-P', '{}', '+'];
  const files = ['-type', 'f', ...chattr, '{}', '+'];
  const find = ['/usr/bin/find', '/target', '-xdev', ...directories, '-o', ...files];
  return [...SANDBOX, ...grant([...WALK, 'CAP_FSETID']), '--bind', path, '/target', '--', ...GENTLY, ...find];
}

function grant(capabilities: readonly string[]): readonly string[] {
  return capabilities.flatMap((capability) => ['--cap-add', capability]);
}
