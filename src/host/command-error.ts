import type { Command } from './host.ts';

/** How a command failed. Exactly one of the reasons holds when there is no exit code and no foreign signal. */
export interface CommandFailure {
  readonly argv: Command['argv'];
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly timedOut?: boolean;
  readonly isAborted?: boolean;
  readonly notFound?: boolean;
  readonly isGivenUp?: boolean;
  /** Its process id, when not even SIGKILL ended it in time: it goes on, most likely in a dead device or server. */
  readonly abandonedPid?: number | undefined;
  readonly stderr: string;
  readonly cause?: unknown;
}

/** How much of stderr the message repeats. */
const MESSAGE_STDERR_CHARACTERS = 500;

/** A child process that did not do what it was asked to. The message names the program, the reason and the end of stderr. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly argv: Command['argv'];
  /** Undefined when it did not end by itself. */
  readonly exitCode: number | undefined;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined;
  /** It ran into its own deadline. */
  readonly timedOut: boolean;
  /** The caller's signal ended it. */
  readonly isAborted: boolean;
  /** There is no such program. */
  readonly notFound: boolean;
  /** It said what nothing could come of any more ({@link Command.givesUpOn}). */
  readonly isGivenUp: boolean;
  readonly abandonedPid: number | undefined;
  readonly stderr: string;

  constructor(failure: CommandFailure) {
    super(toMessage(failure), failure.cause === undefined ? undefined : { cause: failure.cause });
    this.argv = failure.argv;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.timedOut = failure.timedOut ?? false;
    this.isAborted = failure.isAborted ?? false;
    this.notFound = failure.notFound ?? false;
    this.isGivenUp = failure.isGivenUp ?? false;
    this.abandonedPid = failure.abandonedPid;
    this.stderr = failure.stderr;
  }
}

function toMessage(failure: CommandFailure): string {
  const [program] = failure.argv;
  const said = failure.stderr.trim().slice(-MESSAGE_STDERR_CHARACTERS);
  const left =
    failure.abandonedPid === undefined
      ? ''
      : ` It cannot be killed; process ${failure.abandonedPid} goes on.`;
  return `${program} ${toReason(failure)}.${left}${said === '' ? '' : ` It said: ${said}`}`;
}

function toReason(failure: CommandFailure): string {
  if (failure.notFound === true) return 'is not installed';
  if (failure.timedOut === true) return 'did not end before its deadline';
  if (failure.isAborted === true) return 'was stopped, since its result is not wanted any more';
  if (failure.isGivenUp === true) return 'was stopped, since nothing can come of it any more';
  if (failure.exitCode !== undefined) return `failed with exit code ${failure.exitCode}`;
  return failure.signal === undefined ? 'could not be started' : `was ended by ${failure.signal}`;
}
