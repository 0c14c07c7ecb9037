import { DriverError } from '../../domain/errors.ts';
import type { Command, CommandResult, Commands } from '../host.ts';

/** Programs of one Debian package, run through {@link Commands}. */
export interface Tools {
  /** Throws PRECONDITION_FAILED (DriverError) that names the package when the program is missing; else as Commands.run. */
  run(command: Command, signal: AbortSignal): Promise<CommandResult>;
  /** As Commands.stream, with the same sentence for a missing program. */
  stream(command: Command, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** Binds commands to the Debian package that has their programs, so that a missing one is a sentence. */
export function createTools(commands: Commands, debianPackage: string): Tools {
  return {
    async run(command, signal) {
      try {
        return await commands.run(command, signal);
      } catch (error) {
        throw explain(error, command, debianPackage);
      }
    },
    async *stream(command, signal) {
      try {
        yield* commands.stream(command, signal);
      } catch (error) {
        throw explain(error, command, debianPackage);
      }
    },
  };
}

function explain(error: unknown, command: Command, debianPackage: string): unknown {
  if (!isMissingProgram(error)) return error;
  return new DriverError(
    'PRECONDITION_FAILED',
    `The program ${command.argv[0]} is not installed on this node. Install the Debian package ${debianPackage}.`,
    { cause: error },
  );
}

function isMissingProgram(error: unknown): boolean {
  return error instanceof Error && 'notFound' in error && error.notFound === true;
}
