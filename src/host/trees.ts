import { rmdir } from 'node:fs/promises';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { CommandError } from './command-error.ts';
import { isErrno } from './errno.ts';
import { createTools, type Tools } from './filesystems/tools.ts';
import type {
  AssignProjectOptions,
  Command,
  CommandResult,
  Commands,
  CopyTreeOptions,
  Mounts,
  Trees,
} from './host.ts';
import { createMeasure } from './measure-tree.ts';
import { toAssignProjectArgv, toCopyArgv, toPackArgv, toRemoveArgv, toUnpackArgv } from './trees-sandbox.ts';

export interface TreesDeps {
  readonly commands: Commands;
  readonly mounts: Mounts;
  readonly logger: Logger;
}

/** A tree of many millions of files takes hours; beyond a day something is wrong. */
const DEADLINE_MS = 24 * 60 * 60 * 1000;
/** Enough to say what is wrong; rm and cp repeat themselves for each file. */
const MAX_OUTPUT_BYTES = 16 * 1024;

/** Builds {@link Trees} on coreutils and bubblewrap. */
export function createTrees({ commands, mounts, logger }: TreesDeps): Trees {
  const tools = createTools(commands, 'bubblewrap');
  return {
    async remove(path, signal) {
      if (await isRemovedAsEmpty(path)) return;
      await assertNothingMounted(mounts, path, signal);
      const startedAt = performance.now();
      const result = await run(tools, { argv: toRemoveArgv(path), okExitCodes: [0, 1] }, signal);
      // rm can't remove the root of its own mount, so its exit code says little: what counts is that the tree is empty now.
      if (!(await isRemovedAsEmpty(path))) throw toRemoveError(path, result);
      logger.debug('Tree removed', { path, durationMs: Math.round(performance.now() - startedAt) });
    },
    async copy(options, signal) {
      const startedAt = performance.now();
      const argv = toCopyArgv(options);
      const result = await run(tools, { argv, okExitCodes: [0, 1] }, signal);
      if (result.exitCode !== 0) throw toCopyError(options, result);
      const { source, target } = options;
      logger.debug('Tree copied', { source, target, durationMs: Math.round(performance.now() - startedAt) });
    },
    async *pack(source, signal) {
      const command = { argv: toPackArgv(source), deadlineMs: DEADLINE_MS, maxOutputBytes: MAX_OUTPUT_BYTES };
      try {
        yield* tools.stream(command, signal);
      } catch (error) {
        throw error instanceof CommandError && error.exitCode !== undefined
          ? toPackError(source, error)
          : error;
      }
    },
    async unpack({ archive, target }, signal) {
      const startedAt = performance.now();
      const command = {
        argv: toUnpackArgv(target),
        input: archive,
        okExitCodes: [0, 1, 2],
        // By itself tar would go on to read all that it has no room for, at the expense of the source and of the way from there.
        givesUpOn: isAboutRoom,
      };
      try {
        const result = await run(tools, command, signal);
        if (result.exitCode !== 0) throw toUnpackError(target, result);
      } catch (error) {
        throw error instanceof CommandError && error.isGivenUp ? toUnpackError(target, error) : error;
      }
      logger.debug('Tree unpacked', { target, durationMs: Math.round(performance.now() - startedAt) });
    },
    async assignProject(options, signal) {
      const startedAt = performance.now();
      const argv = toAssignProjectArgv(options);
      const result = await run(tools, { argv, okExitCodes: [0, 1] }, signal);
      if (result.exitCode !== 0) throw toAssignError(options, result);
      const durationMs = Math.round(performance.now() - startedAt);
      logger.debug('Tree given to a project', { ...options, durationMs });
    },
    measure: createMeasure({ tools, logger, deadlineMs: DEADLINE_MS, maxOutputBytes: MAX_OUTPUT_BYTES }),
  };
}

async function run(
  tools: Tools,
  command: Pick<Command, 'argv' | 'input' | 'okExitCodes' | 'givesUpOn'>,
  signal: AbortSignal,
): Promise<CommandResult> {
  return await tools.run({ ...command, deadlineMs: DEADLINE_MS, maxOutputBytes: MAX_OUTPUT_BYTES }, signal);
}

/** rmdir: safe against everything, and enough for a volume that was never written to. False when something is in it. */
async function isRemovedAsEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EPERM', 'EACCES')) return false;
    throw error;
  }
}

async function assertNothingMounted(mounts: Mounts, path: string, signal: AbortSignal): Promise<void> {
  // A bind mount of the same file system is one that rm would walk into.
  const [inside] = await mounts.listBelow(path, signal);
  if (inside === undefined) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${path} was not removed, because ${inside.fsType} is mounted in it at ${inside.mountPoint}. Unmount that first.`,
  );
}

function toRemoveError(path: string, result: CommandResult): DriverError {
  const said = firstLines(result.stderr);
  // rm has nothing to say of an immutable root, which it cannot remove anyway: it is the root of its mount.
  const hint =
    said === '' || said.includes('Operation not permitted')
      ? ' It or files in it may be immutable or append-only: find them with "lsattr -R" and make them removable with "chattr -R -ia".'
      : '';
  return new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${path} could not be removed in full.${hint} rm said: ${said === '' ? 'nothing' : said}`,
    { details: { exitCode: result.exitCode } },
  );
}

function toAssignError({ path }: AssignProjectOptions, { stderr, exitCode }: CommandResult): DriverError {
  const said = firstLines(stderr);
  const hint = said.includes('Operation not permitted')
    ? ' Files in it are immutable or append-only: find them with "lsattr -R" and change that with "chattr -R -ia".'
    : '';
  return new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${path} could not be given a project id in full.${hint} chattr said: ${said === '' ? 'nothing' : said}`,
    { details: { exitCode } },
  );
}

function toPackError(source: string, error: CommandError): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${source} could not be read in full, or changed meanwhile. tar said: ${firstLines(error.stderr)}`,
    { cause: error, details: { exitCode: error.exitCode } },
  );
}

/** What a program left behind that did not do all of its work. */
type Shortfall = Pick<CommandResult, 'stderr'> & { readonly exitCode: number | undefined };

function toUnpackError(target: string, shortfall: Shortfall): DriverError {
  return toTargetError(`The archive could not be unpacked to ${target}`, 'tar', shortfall);
}

function toCopyError({ source, target }: CopyTreeOptions, shortfall: Shortfall): DriverError {
  return toTargetError(`The tree ${source} could not be copied to ${target}`, 'cp', shortfall);
}

function toTargetError(what: string, program: string, { stderr, exitCode }: Shortfall): DriverError {
  const details = { exitCode };
  if (firstLines(stderr, (line) => line.endsWith('Stale file handle')) !== '') {
    // What a network file system says of what another machine has removed.
    const message = `${what}, since it was taken away meanwhile, or the server has forgotten it: ask again.`;
    return new DriverError('OPERATION_PENDING', message, { details });
  }
  const aboutRoom = firstLines(stderr, isAboutRoom);
  if (aboutRoom === '') {
    const message = `${what}. ${program} said: ${firstLines(stderr)}`;
    return new DriverError('PRECONDITION_FAILED', message, { details });
  }
  return new DriverError(
    'NO_ROOM',
    `${what}, because there is no room for it. ${program} said: ${aboutRoom}. Remove volumes or snapshots from the pool, or enlarge it; where the volume itself is too small, ask for a larger one.`,
    { details },
  );
}

/** Of a file or directory, that is: attributes have limits of their own, which tar warns of only. "Wrote only …" is what it says of a file that the last blocks went to. */
function isAboutRoom(line: string): boolean {
  const isMeant = /No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/.test(line);
  return isMeant && !/extended attribute|POSIX ACLs/.test(line);
}

/** rm's complaint about the root of its mount, and tar's note of what is no content. */
const IRRELEVANT = /'\/target': Device or resource busy|: socket ignored$/;

/** What a program said first, as far as it matters. */
function firstLines(stderr: string, isMeant: (line: string) => boolean = () => true): string {
  const lines = stderr.split('\n').filter((line) => line !== '' && !IRRELEVANT.test(line) && isMeant(line));
  return lines.slice(0, 3).join('; ').slice(0, 500);
}
