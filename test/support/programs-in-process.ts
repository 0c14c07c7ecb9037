import { join } from 'node:path';
import { Config } from '../../src/main/config.ts';
import type { Lifetime } from '../../src/main/lifecycle.ts';
import type { ProgramOptions } from '../../src/main/program.ts';
import { createRequestContext } from '../../src/observability/request-context.ts';
import { keepLog, type LogLine } from './log-lines.ts';

/** A program in the process of the test, for what a configuration file cannot ask for. Disposing stops it in order. */
export interface ProgramInProcess extends AsyncDisposable {
  readonly lines: readonly LogLine[];
}

/** How the program of a role is started. */
export type StartProgram = (options: ProgramOptions, lifetime: Lifetime) => Promise<void>;

/** Starts it with this configuration file; what it keeps is below the directory. Throws what starting throws, and undoes then what was begun. */
export async function startInProcess(
  directory: string,
  file: object,
  start: StartProgram,
): Promise<ProgramInProcess> {
  const { logger, lines } = keepLog();
  const stop = new AbortController();
  await using undo = new AsyncDisposableStack();
  const stack = undo.use(new AsyncDisposableStack());
  undo.defer(() => stop.abort(new Error('The test is over.')));
  const config = Config.parse({
    stateDirectory: join(directory, 'state'),
    runDirectory: join(directory, 'run'),
    ...file,
  });
  const lifetime = { stack, stopping: stop.signal, watchStuck: () => undefined };
  await start({ config, version: 'test', logger, context: createRequestContext() }, lifetime);
  const owned = undo.move();
  return { lines, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
