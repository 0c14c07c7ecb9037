import type { Logger } from '../observability/logger.ts';
import { CommandError } from './command-error.ts';
import type { Command, CommandResult, Commands } from './host.ts';
import { ProcessGroup } from './process-group.ts';
import { type RunningCommand, releaseCommand, startCommand, toCommandResult } from './running-command.ts';

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandsDependencies {
  readonly logger: Logger;
  /** Where programs are looked for. Default: the usual directories of a Linux system. */
  readonly searchPath?: string;
  /** From SIGTERM to SIGKILL, and again from there until the child is abandoned. Default: 2 s. */
  readonly killGraceMs?: number;
}

/** Runs programs. See the contract in host.ts. */
export function createCommands(dependencies: CommandsDependencies): Commands {
  const { logger, searchPath = SEARCH_PATH, killGraceMs = 2000 } = dependencies;

  /** Ends the group; returns the process id of a leader that cannot be killed. */
  async function kill(command: Command, { child, ended }: RunningCommand): Promise<number | undefined> {
    const isGone = await new ProcessGroup(child, killGraceMs).kill(ended);
    if (isGone) return undefined;
    logger.error('A command cannot be killed', { program: command.argv[0], pid: child.pid });
    return child.pid;
  }

  /** Waits for the end. Throws, and kills the group, when a deadline, an abort, its input or what it says ends it. */
  async function settle(
    command: Command,
    running: RunningCommand,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    using stop = stopOn(command, signal);
    const ended = await Promise.race([running.ended, running.inputFailed, running.givenUp, stop.reason]);
    if (typeof ended === 'object' && 'exitCode' in ended) return toCommandResult(command, running, ended);
    const abandonedPid = await kill(command, running);
    releaseCommand(running);
    if (typeof ended === 'object') throw ended.inputError;
    throw new CommandError({
      argv: command.argv,
      [ended]: true,
      signal: running.child.signalCode ?? undefined,
      abandonedPid,
      stderr: running.stderr.toString(),
      cause: ended === 'isAborted' ? signal.reason : undefined,
    });
  }

  async function* stream(command: Command, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    signal.throwIfAborted();
    const running = startCommand(command, { searchPath, collects: false });
    const settled = settle(command, running, signal);
    // Its failure is thrown below, once what was printed before has been handed over.
    settled.catch(() => undefined);
    let isRead = false;
    try {
      for await (const chunk of running.child.stdout ?? []) yield chunk as Buffer;
      isRead = true;
    } catch (error) {
      // The pipe was closed under the reader because the command was ended: that is the error that counts.
      isRead = true;
      await settled;
      throw error;
    } finally {
      if (!isRead && !hasEnded(running)) await kill(command, running);
      releaseCommand(running);
    }
    await settled;
  }

  return {
    async run(command, signal) {
      signal.throwIfAborted();
      const running = startCommand(command, { searchPath, collects: true });
      try {
        return await settle(command, running, signal);
      } finally {
        releaseCommand(running);
      }
    },
    stream,
  };
}

function hasEnded({ child }: RunningCommand): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function stopOn(command: Command, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<'timedOut' | 'isAborted'>();
  const onAbort = (): void => resolve('isAborted');
  const timer = setTimeout(() => resolve('timedOut'), command.deadlineMs);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    reason: promise,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
