import { DriverError } from '../../domain/errors.ts';
import type { Command, CommandResult, Commands } from '../host.ts';

/** Programs of one Debian package, run through {@link Commands}. */
export interface Tools {
  /** Throws PRECONDITION_FAILED (DriverError) that names the package when the program is missing; else as Commands.run. */
  run(command: Command, signal: AbortSignal): Promise<CommandResult>;
}

/** Binds commands to the Debian package that has their programs, so that a missing one is a sentence. */
export function createTools(commands: Commands, debianPackage: string): Tools {
  return {
    async run(command, signal) {
      try {
        return await commands.run(command, signal);
      } catch (error) {
        if (!isMissingProgram(error)) throw error;
        throw new DriverError(
          'PRECONDITION_FAILED',
          `The program ${command.argv[0]} is not installed on this node. Install the Debian package ${debianPackage}.`,
          { cause: error },
        );
      }
    },
  };
}

function isMissingProgram(error: unknown): boolean {
  return error instanceof Error && 'notFound' in error && error.notFound === true;
}
