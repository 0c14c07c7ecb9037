import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleepFor } from 'node:timers/promises';

/** From SIGKILL until a child is abandoned: it hangs in the kernel. */
const KILL_GRACE_MS = 2_000;

/** A child process that runs a program of this project, and exchanges messages with it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Does nothing once the child has ended. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Told once when the child has ended, or could not be started. */
  onClose(listener: () => void): void;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<void>;
  /** SIGKILL. False when it has not ended a while later: it hangs in the kernel, and ends when that lets go of it. */
  kill(): Promise<boolean>;
}

/** What a worker is started with. */
export interface WorkerProcessOptions {
  /** Its source file or entry of the bundle. */
  readonly program: string;
  /** Threads for file operations: so many of them can hang at once. */
  readonly fileThreads: number;
}

/**
 * Starts it, in a process group of its own, so that what is sent to this one's group does not end it. It writes its log where this process does, and has to
 * end itself when its channel closes.
 */
export function startWorkerProcess({ program, fileThreads }: WorkerProcessOptions): WorkerProcess {
  const child = fork(program, [], {
    cwd: '/',
    env: { LC_ALL: 'C', UV_THREADPOOL_SIZE: String(fileThreads) },
    execArgv: [],
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const closed = Promise.withResolvers<void>();
  child.once('error', () => closed.resolve()).once('exit', () => closed.resolve());
  return {
    pid: child.pid,
    send(message) {
      // It may end at any moment: whoever waits for an answer is told by `onClose`.
      if (child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => void closed.promise.then(listener),
    ended: closed.promise,
    kill: async () => await kill(child, closed.promise),
  };
}

async function kill(child: ChildProcess, ended: Promise<void>): Promise<boolean> {
  child.kill('SIGKILL');
  const grace = new AbortController();
  const expired = sleepFor(KILL_GRACE_MS, false, { signal: grace.signal }).catch(() => false);
  const isGone = await Promise.race([ended.then(() => true), expired]);
  grace.abort();
  // Neither its channel nor itself keeps this process from ending.
  if (!isGone && child.connected) child.disconnect();
  if (!isGone) child.unref();
  return isGone;
}

/** The channel of a worker to the process that started it. */
export function openParentChannel(): Pick<WorkerProcess, 'send' | 'onMessage' | 'onClose'> {
  return {
    send(message) {
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', listener),
  };
}
