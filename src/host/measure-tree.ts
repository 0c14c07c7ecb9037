import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { CommandError } from './command-error.ts';
import type { Tools } from './filesystems/tools.ts';
import type { CommandResult, Trees } from './host.ts';
import { toMeasureArgv } from './trees-sandbox.ts';

/** What du says of something below the root; of the root itself it says nothing that a count could stand on. ESTALE: another client of a server removed it. */
const BELOW = /^\S*du: cannot (?:access|read directory) (?:'\/source\/.*'|"\/source\/.*"): (.*)$/;
const GONE = ['No such file or directory', 'Stale file handle'];
const DENIED = 'Permission denied';

/** What a tree is counted with. */
export interface MeasureOptions {
  readonly tools: Tools;
  readonly logger: Logger;
  readonly deadlineMs: number;
  readonly maxOutputBytes: number;
}

/**
 * Counts trees that others change meanwhile: what is gone by the time it is looked at counts for nothing. So does what a server does not let root see, which the
 * log tells of once.
 */
export function createMeasure({
  tools,
  logger,
  deadlineMs,
  maxOutputBytes,
}: MeasureOptions): Trees['measure'] {
  let isDenialTold = false;

  function noteDenied(path: string, line: string): void {
    logger[isDenialTold ? 'debug' : 'warn'](
      'Parts of a tree are not counted, because root may not look into them: its server squashes root',
      { path, said: line },
    );
    isDenialTold = true;
  }

  async function count(path: string, unit: 'bytes' | 'inodes', signal: AbortSignal): Promise<number> {
    let denied: string | undefined;
    let hasReason = false;
    let obstacle: string | undefined;
    // Asked of every line, of which only the first and the last ones are kept.
    const givesUpOn = (line: string): boolean => {
      const why = BELOW.exec(line)?.[1] ?? '';
      if (why === DENIED) denied ??= line;
      else if (!GONE.includes(why)) obstacle ??= line;
      hasReason = true;
      return obstacle !== undefined;
    };
    const argv = toMeasureArgv(path, unit);
    const command = { argv, okExitCodes: [0, 1], givesUpOn, deadlineMs, maxOutputBytes };
    try {
      const result = await tools.run(command, signal);
      if (result.exitCode !== 0 && (!hasReason || obstacle !== undefined)) {
        throw toCountError(path, obstacle ?? 'nothing');
      }
      if (denied !== undefined) noteDenied(path, denied);
      return parseDu(result);
    } catch (error) {
      if (error instanceof CommandError && error.isGivenUp && obstacle !== undefined) {
        throw toCountError(path, obstacle);
      }
      throw error;
    }
  }

  return async (path, signal) => ({
    usedBytes: await count(path, 'bytes', signal),
    usedInodes: await count(path, 'inodes', signal),
  });
}

/** What a network file system says of a directory that another machine has removed. */
const ROOT_GONE = /'\/source': Stale file handle$/;

function toCountError(path: string, said: string): DriverError {
  if (ROOT_GONE.test(said)) {
    return new DriverError(
      'OPERATION_PENDING',
      `The tree ${path} was taken away while it was counted, or its server has forgotten it: ask again.`,
    );
  }
  return new DriverError(
    'PRECONDITION_FAILED',
    `What the tree ${path} holds cannot be counted. du said: ${said.slice(0, 500)}. See whether its disk or its server is well.`,
  );
}

function parseDu({ stdout }: CommandResult): number {
  const match = /^(\d+)\t/.exec(stdout);
  if (match?.[1] === undefined)
    throw new DriverError('INTERNAL', `du answered something unknown: ${stdout.slice(0, 100)}`);
  return Number(match[1]);
}
