import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { isErrno } from './errno.ts';

/** A detached child, which leads a process group, and its descendants. */
export class ProcessGroup {
  readonly #leader: ChildProcess;
  readonly #graceMs: number;

  constructor(leader: ChildProcess, graceMs: number) {
    this.#leader = leader;
    this.#graceMs = graceMs;
  }

  /**
   * Ends the group: SIGTERM, after a grace SIGKILL. False when the leader has not ended a grace after that: it hangs
   * in the kernel. Descendants that outlive their leader get SIGKILL, too.
   */
  async kill(ended: Promise<unknown>): Promise<boolean> {
    this.#send('SIGTERM');
    await this.#wait(ended);
    this.#send('SIGKILL');
    return await this.#wait(ended);
  }

  #send(signal: NodeJS.Signals): void {
    const { pid } = this.#leader;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if (!isErrno(error, 'ESRCH')) throw error;
    }
  }

  async #wait(ended: Promise<unknown>): Promise<boolean> {
    const grace = new AbortController();
    const expired = sleepFor(this.#graceMs, false, { signal: grace.signal }).catch(() => false);
    const isGone = await Promise.race([ended.then(() => true), expired]);
    grace.abort();
    return isGone;
  }
}
