import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { toArgv } from '../../test/cluster/support/kubectl.ts';

/** When each object of a kind first had a phase, in milliseconds of performance.now(). Disposing ends the watch. */
export interface PhaseWatch extends AsyncDisposable {
  /** Waits until so many objects have it, and tells when each had. Throws at the deadline. */
  waitFor(count: number, deadlineMs: number): Promise<readonly number[]>;
}

/** Watches the objects of a kind in a namespace for a phase, by the stream that the API server sends. */
export function watchPhase(namespace: string, kind: 'pods' | 'pvc', phase: string): PhaseWatch {
  const columns = 'custom-columns=NAME:.metadata.name,PHASE:.status.phase';
  const args = ['get', kind, '--namespace', namespace, '--watch', '--no-headers', '--output', columns];
  const [program = '', ...rest] = toArgv(args);
  const child = spawn(program, rest, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const firstAt = new Map<string, number>();
  let notify = (): void => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [name = '', seen = ''] = line.trim().split(/\s+/);
    if (seen !== phase || firstAt.has(name)) return;
    firstAt.set(name, performance.now());
    notify();
  });
  return {
    async waitFor(count, deadlineMs) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      notify = () => {
        if (firstAt.size >= count) resolve();
      };
      const timer = setTimeout(() => {
        reject(new Error(`Only ${firstAt.size} of ${count} ${kind} are ${phase} after ${deadlineMs} ms.`));
      }, deadlineMs);
      try {
        notify();
        await promise;
        return [...firstAt.values()];
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
