import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../observability/logger.ts';
import { runLifecycle, type Lifetime, type ProcessPort } from './lifecycle.ts';

/** A process that only takes notes. */
class FakeProcess implements ProcessPort {
  readonly actions: string[] = [];
  threadWork: readonly string[] = [];
  readonly ended = Promise.withResolvers<void>();
  readonly #events = new EventEmitter();

  on(event: string, listener: (value: unknown) => void): void {
    this.#events.on(event, listener);
  }
  off(event: string, listener: (value: unknown) => void): void {
    this.#events.off(event, listener);
  }
  emit(event: string, value?: unknown): boolean {
    return this.#events.emit(event, value);
  }
  exit(code: number): void {
    this.actions.push(`exit ${code}`);
    this.ended.resolve();
  }
  kill(): void {
    this.actions.push('kill');
    this.ended.resolve();
  }
  listThreadWork(): readonly string[] {
    return this.threadWork;
  }
}

/** Runs a life whose start is `start`, and says when that has been called. */
function live(start: (lifetime: Lifetime) => Promise<void> | void, stopWithinMs = 60_000) {
  const process = new FakeProcess();
  const started = Promise.withResolvers<void>();
  const log: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void log.push(message) };
  const exitCode = runLifecycle(
    async (lifetime) => {
      started.resolve();
      await start(lifetime);
    },
    { process, logger, closeLog: async () => void log.push('closed'), stopWithinMs, graceMs: 10 },
  );
  return { process, started: started.promise, exitCode, log };
}

describe('a life', () => {
  it.each(['SIGTERM', 'SIGINT'])(
    'ends with 0 after %s, stopping in the reverse order of starting',
    async (signal) => {
      const order: string[] = [];
      const { process, started, exitCode } = live(({ stack }) => {
        stack.defer(() => void order.push('store'));
        stack.defer(() => void order.push('server'));
      });
      await started;

      process.emit(signal);

      expect(await exitCode).toBe(0);
      expect(order).toEqual(['server', 'store']);
      expect(process.emit(signal)).toBe(false);
    },
  );

  it('gives up starting when it is told to stop meanwhile', async () => {
    const { process, started, exitCode } = live(async ({ stopping }) => {
      await new Promise((_resolve, reject) =>
        stopping.addEventListener('abort', () => reject(new Error('given up'))),
      );
    });
    await started;

    process.emit('SIGTERM');

    expect(await exitCode).toBe(0);
  });

  it('ends with 1 when starting fails, and still stops what had started', async () => {
    const order: string[] = [];
    const { exitCode } = live(({ stack }) => {
      stack.defer(() => void order.push('first'));
      throw new Error('no socket');
    });

    expect(await exitCode).toBe(1);
    expect(order).toEqual(['first']);
  });

  it('ends with 1 when stopping fails, and still stops the rest and says so before the log ends', async () => {
    const order: string[] = [];
    const { process, started, exitCode, log } = live(({ stack }) => {
      stack.defer(() => void order.push('first'));
      stack.defer(() => Promise.reject(new Error('busy')));
    });
    await started;

    process.emit('SIGTERM');

    expect(await exitCode).toBe(1);
    expect(order).toEqual(['first']);
    expect(log).toEqual(['Not everything could be stopped in order.', 'closed']);
  });

  it('stops in order, with 1, after an error that nobody handled', async () => {
    const order: string[] = [];
    const { process, started, exitCode } = live(({ stack }) => stack.defer(() => void order.push('first')));
    await started;

    process.emit('uncaughtException', new Error('a defect'));

    expect(await exitCode).toBe(1);
    expect(order).toEqual(['first']);
  });

  it('exits at once with 1 on a second signal', async () => {
    const hang = Promise.withResolvers<void>();
    const { process, started, exitCode } = live(({ stack }) => stack.defer(() => hang.promise));
    await started;

    process.emit('SIGTERM');
    process.emit('SIGTERM');
    await process.ended.promise;

    expect(process.actions).toEqual(['exit 1']);
    hang.resolve();
    await exitCode;
  });

  it('kills itself when a thread that never returns would hold up the exit', async () => {
    const { process, started, exitCode } = live(() => undefined);
    await started;

    process.threadWork = ['FSReqPromise'];
    process.emit('SIGTERM');
    process.emit('SIGTERM');
    await process.ended.promise;

    expect(process.actions).toEqual(['kill']);
    process.threadWork = [];
    await exitCode;
  });

  it.each([
    ['a second signal', ['SIGTERM', 'SIGTERM']],
    ['an orderly stop', ['SIGTERM']],
  ])('kills itself after %s while a system call hangs in the kernel', async (_, signals) => {
    let stuck = 1;
    const hang = Promise.withResolvers<void>();
    const { process, started, exitCode } = live((lifetime) => {
      lifetime.watchStuck(() => stuck);
      if (signals.length > 1) lifetime.stack.defer(() => hang.promise);
    });
    await started;

    for (const signal of signals) process.emit(signal);
    await process.ended.promise;

    expect(process.actions).toEqual(['kill']);
    stuck = 0;
    hang.resolve();
    await exitCode;
  });

  it('kills itself when stopping hangs', async () => {
    const hang = Promise.withResolvers<void>();
    const { process, started, exitCode } = live(({ stack }) => stack.defer(() => hang.promise), 1);
    await started;

    process.emit('SIGTERM');
    await process.ended.promise;

    expect(process.actions).toEqual(['kill']);
    hang.resolve();
    await exitCode;
  });
});
