import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type FreezeOrder, type FreezeReport, parseReport, toOrderArguments } from './freeze-protocol.ts';

/** How a freeze ended. `lost`: the helper ended without a word, and may have left the file system frozen. */
export type FreezeEnd = 'thawed' | 'expired' | 'failed' | 'lost';

/** One freeze, held by a child process. */
export interface FreezeHolder {
  /** Resolves with the helper's first report, or undefined when it ended without one. Never rejects. */
  readonly begun: Promise<FreezeReport | undefined>;
  /** Resolves when the helper has ended. Never rejects. */
  readonly ended: Promise<FreezeEnd>;
  /** Has it thaw, or end if it has not frozen yet. Can be called again. */
  release(): void;
}

/** Starts the helper, which freezes at once. */
export function startFreezeHolder(order: FreezeOrder): FreezeHolder {
  const begun = Promise.withResolvers<FreezeReport | undefined>();
  const ended = Promise.withResolvers<FreezeEnd>();
  let last: FreezeReport | undefined;
  let hasFrozen = false;
  // Detached: what is sent to this process's group, like a terminal's interrupt, must not end the helper with it.
  const child = spawn(process.execPath, [getHelperPath(), ...toOrderArguments(order)], {
    cwd: '/',
    env: { LC_ALL: 'C' },
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = parseReport(line) ?? last;
    hasFrozen ||= last?.state === 'frozen';
    if (last !== undefined) begun.resolve(last);
  });
  // It may have ended already.
  child.stdin.on('error', () => undefined);
  const finish = (): void => {
    begun.resolve(last);
    ended.resolve(toEnd(hasFrozen, last));
  };
  child.once('error', finish).once('close', finish);
  return { begun: begun.promise, ended: ended.promise, release: () => void child.stdin.end() };
}

/** A helper that froze and could not thaw is as bad as one that was killed. */
function toEnd(hasFrozen: boolean, last: FreezeReport | undefined): FreezeEnd {
  if (last === undefined || last.state === 'frozen') return 'lost';
  return last.state === 'failed' && hasFrozen ? 'lost' : last.state;
}

/** The helper as a source file beside this one, or as an entry of the bundle beside the first. */
function getHelperPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./freeze-helper.${extension}`, import.meta.url));
}
