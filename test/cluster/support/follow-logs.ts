import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { toArgv } from './kubectl.ts';

/** What a container prints, read while it prints. Disposing stops the reading. */
export interface FollowedLogs extends AsyncDisposable {
  /** All lines so far. */
  readonly lines: readonly string[];
  /** Waits until there are that many lines more than now. Throws at the deadline, or when the stream ends before. */
  more(count: number, deadlineMs?: number): Promise<void>;
}

/** Follows what a pod prints, from its beginning. */
export function followLogs(namespace: string, pod: string): FollowedLogs {
  const [program = '', ...args] = toArgv(['logs', '--namespace', namespace, '--follow', pod]);
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  const lines: string[] = [];
  let notify = (): void => undefined;
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    lines.push(line);
    notify();
  });
  return {
    lines,
    async more(count, deadlineMs = 60_000) {
      const wanted = lines.length + count;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (why: string): void => reject(new Error(`${pod}: ${why} after ${lines.length} lines.`));
      const timer = setTimeout(fail, deadlineMs, `silent for ${deadlineMs} ms`);
      notify = () => {
        if (lines.length >= wanted) resolve();
      };
      void ended.then(() => fail('the stream ended'));
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        notify = () => undefined;
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}
