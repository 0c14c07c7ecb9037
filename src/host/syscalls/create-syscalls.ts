import { SystemCallError } from '../errno.ts';
import { getBoundMs } from './bounds.ts';
import type {
  SyscallArgument,
  SyscallName,
  SyscallReply,
  SyscallRequest,
  SyscallResult,
} from './protocol.ts';
import type { Syscalls } from './syscalls.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

const DEFAULTS = { maximumWorkers: 4, patienceMs: 25, slowMs: 500, idleMs: 10_000, maximumStuck: 64 };

/** The system calls, done in worker threads that start with the first call. */
export function createSyscalls(options: Partial<Omit<WorkerPoolOptions, 'workerUrl'>> = {}): Syscalls {
  const pool = new WorkerPool({ ...DEFAULTS, ...options, workerUrl: getWorkerUrl() });

  function bind<Name extends SyscallName>(name: Name) {
    return async (call: SyscallArgument<Name>, signal: AbortSignal): Promise<SyscallResult<Name>> => {
      const request: SyscallRequest = { name, call };
      const reply = await pool.run(request, signal, getBoundMs(name));
      // The worker answers by the same table, so that a name and its result belong together.
      return unwrap(name, reply as SyscallReply) as SyscallResult<Name>;
    };
  }

  return {
    mount: bind('mount'),
    bindMount: bind('bindMount'),
    unmount: bind('unmount'),
    statfs: bind('statfs'),
    syncFileSystem: bind('syncFileSystem'),
    attachLoop: bind('attachLoop'),
    detachLoop: bind('detachLoop'),
    keepLoop: bind('keepLoop'),
    resizeLoop: bind('resizeLoop'),
    getLoop: bind('getLoop'),
    listLoops: bind('listLoops'),
    getDeviceSize: bind('getDeviceSize'),
    probeExclusive: bind('probeExclusive'),
    flushDevice: bind('flushDevice'),
    cloneFile: bind('cloneFile'),
    copyRange: bind('copyRange'),
    findData: bind('findData'),
    allocate: bind('allocate'),
    lockFile: bind('lockFile'),
    unlockFile: bind('unlockFile'),
    freeze: bind('freeze'),
    thaw: bind('thaw'),
    getProject: bind('getProject'),
    setProject: bind('setProject'),
    getProjectQuota: bind('getProjectQuota'),
    setProjectQuota: bind('setProjectQuota'),
    findNextProjectQuota: bind('findNextProjectQuota'),
    createSubvolume: bind('createSubvolume'),
    snapshotSubvolume: bind('snapshotSubvolume'),
    deleteSubvolume: bind('deleteSubvolume'),
    findSubvolumeId: bind('findSubvolumeId'),
    setSubvolumeReadOnly: bind('setSubvolumeReadOnly'),
    listSubvolumes: bind('listSubvolumes'),
    openUpSubvolume: bind('openUpSubvolume'),
    enableBtrfsQuota: bind('enableBtrfsQuota'),
    rescanLostQgroups: bind('rescanLostQgroups'),
    setQgroupLimit: bind('setQgroupLimit'),
    getQgroup: bind('getQgroup'),
    removeQgroup: bind('removeQgroup'),
    growExt4: bind('growExt4'),
    growXfs: bind('growXfs'),
    growBtrfs: bind('growBtrfs'),
    countStuck: () => pool.stuckCount,
    close: () => pool.close(),
  };
}

/** The worker as a source file beside this one, or as the bundle's second entry beside the first. */
function getWorkerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? './worker.ts' : './syscall-worker.js', import.meta.url);
}

function unwrap(name: SyscallName, reply: SyscallReply): unknown {
  if (reply.outcome === 'done') return reply.value;
  if (reply.outcome === 'failed') throw new SystemCallError(reply.failure);
  throw new Error(`The system call "${name}" failed in its worker: ${reply.message}`, { cause: reply.stack });
}
