import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';

/** What a composition root gets from the life of its process. */
export interface Lifetime {
  /** Filled in the order of starting, so that stopping is the reverse and is never written by hand. */
  readonly stack: AsyncDisposableStack;
  /** Aborts when the process is to stop: a start-up under way gives up. */
  readonly stopping: AbortSignal;
  /** Says who knows of threads that hang in the kernel: `exit` would wait for them, so the process kills itself instead. */
  watchStuck(count: () => number): void;
}

/** The part of `process` that a life depends on. */
export interface ProcessPort {
  on(event: ProcessEvent, listener: (value: unknown) => void): unknown;
  off(event: ProcessEvent, listener: (value: unknown) => void): unknown;
  /** Ends the process with this code, at once. */
  exit(code: number): void;
  /** SIGKILL to itself: what a thread that is stuck in the kernel cannot hold up, as it does `exit`. */
  kill(): void;
  /** What is under way in threads that `exit` would wait for: file operations and worker threads. */
  listThreadWork(): readonly string[];
}

export type ProcessEvent = 'SIGTERM' | 'SIGINT' | 'uncaughtException';

export interface LifecycleOptions {
  readonly process: ProcessPort;
  readonly logger: Logger;
  /** Hands over the last lines. Called when everything has stopped, and there is nothing more to log. */
  readonly closeLog: () => Promise<void>;
  /** How long stopping may take in all before the process kills itself. */
  readonly stopWithinMs: number;
  /** How long threads get to finish after that. Default: two seconds. */
  readonly graceMs?: number;
}

const GRACE_MS = 2_000;
const SECOND_SIGNAL_GRACE_MS = 100;

/**
 * Starts, lives until SIGTERM or SIGINT, stops, and exits with the code that it also returns: 0 after an orderly stop, 1 when starting,
 * running or stopping failed. A second signal exits 1 at once; a stop that hangs ends in SIGKILL.
 */
export async function runLifecycle(
  start: (lifetime: Lifetime) => Promise<void>,
  { process, logger, closeLog, stopWithinMs, graceMs = GRACE_MS }: LifecycleOptions,
): Promise<number> {
  const stop = new AbortController();
  const stack = new AsyncDisposableStack();
  let countStuck = (): number => 0;
  let exitCode = 0;
  const holdsUpExit = (): boolean => countStuck() > 0 || process.listThreadWork().length > 0;

  const onSignal = (): void => {
    if (stop.signal.aborted) {
      logger.warn('Exiting at once: a second signal came while stopping.');
      void leave(process, { exitCode: 1, graceMs: SECOND_SIGNAL_GRACE_MS, holdsUpExit });
      return;
    }
    stop.abort(new Error('The program was told to stop.'));
  };
  const fail = (message: string, err: unknown): void => {
    exitCode = 1;
    logger.error(message, { err });
  };
  const onDefect = (err: unknown): void => {
    fail('Stopping: an error reached nobody who handles it.', err);
    stop.abort(err);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onDefect);

  try {
    const watchStuck = (count: () => number): void => {
      countStuck = count;
    };
    await start({ stack, stopping: stop.signal, watchStuck });
    await untilAborted(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) fail('The program could not start.', error);
    stop.abort(error);
  }

  const guard = setTimeout(() => process.kill(), stopWithinMs);
  try {
    await stack.disposeAsync();
  } catch (error) {
    fail('Not everything could be stopped in order.', error);
  }
  try {
    await closeLog();
  } catch {
    // There is no place left to say it but the exit code.
    exitCode = 1;
  }
  clearTimeout(guard);
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  process.off('uncaughtException', onDefect);
  await leave(process, { exitCode, graceMs, holdsUpExit });
  return exitCode;
}

interface Leaving {
  readonly exitCode: number;
  readonly graceMs: number;
  readonly holdsUpExit: () => boolean;
}

/** Exits, or kills the process when something in a thread would hold up the exit. */
async function leave(process: ProcessPort, { exitCode, graceMs, holdsUpExit }: Leaving): Promise<void> {
  const end = performance.now() + graceMs;
  while (holdsUpExit()) {
    if (performance.now() > end) {
      process.kill();
      return;
    }
    await sleep(5);
  }
  process.exit(exitCode);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (signal.aborted) resolve();
  return promise;
}
