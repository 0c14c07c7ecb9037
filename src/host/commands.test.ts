import { chmod, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../observability/logger.ts';
import { CommandError } from './command-error.ts';
import { createCommands } from './commands.ts';

const never = new AbortController().signal;
let scratch: Awaited<ReturnType<typeof mkdtempDisposable>>;
beforeEach(async () => {
  scratch = await mkdtempDisposable('/var/tmp/stowage-test-');
});
afterEach(() => scratch.remove());

async function program(name: string, body: string): Promise<void> {
  const path = join(scratch.path, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

function commands(killGraceMs = 200) {
  const searchPath = `${scratch.path}:/usr/bin:/bin`;
  return createCommands({ logger: silentLogger, searchPath, killGraceMs });
}

async function failureOf(promise: Promise<unknown>): Promise<CommandError> {
  const error = await promise.catch((caught: unknown) => caught);
  if (error instanceof CommandError) return error;
  throw new Error('This should have failed with a CommandError.', { cause: error });
}

describe('Commands', () => {
  it('passes arguments as they are, input, and an environment that names what it has', async () => {
    await program('show', 'printf "%s|" "$@"; cat; echo; env | cut -d= -f1 | sort | tr "\\n" " "');

    const argv = ['show', 'a b', '$HOME', '*'] as const;
    const result = await commands().run({ argv, input: 'typed', deadlineMs: 5000 }, never);

    expect(result.stdout.split('\n')).toEqual(['a b|$HOME|*|typed', 'LC_ALL PATH PWD ']);
  });

  it('tells exit codes that are answers from failures', async () => {
    await program('ask', 'echo cannot tell >&2; exit 3');
    const argv = ['ask'] as const;

    const answer = await commands().run({ argv, deadlineMs: 5000, okExitCodes: [0, 3] }, never);
    const failure = await failureOf(commands().run({ argv, deadlineMs: 5000 }, never));

    expect(answer).toEqual({ exitCode: 3, stdout: '', stderr: 'cannot tell\n' });
    expect(failure).toMatchObject({ exitCode: 3, timedOut: false, isAborted: false, notFound: false });
    expect(failure.message).toBe('ask failed with exit code 3. It said: cannot tell');
  });

  it('says when a program is missing', async () => {
    const failure = await failureOf(commands().run({ argv: ['mkfs.nothing'], deadlineMs: 5000 }, never));

    expect(failure).toMatchObject({ notFound: true, message: 'mkfs.nothing is not installed.' });
  });

  it('says which signal ended it', async () => {
    await program('crash', 'kill -SEGV $$');

    const failure = await failureOf(commands().run({ argv: ['crash'], deadlineMs: 5000 }, never));

    expect(failure).toMatchObject({ exitCode: undefined, signal: 'SIGSEGV' });
  });

  it('kills the group at the deadline, one that ignores SIGTERM with its children, too', async () => {
    await program('stubborn', `trap '' TERM; sleep 60 & echo $! > ${scratch.path}/child; wait; sleep 60`);

    const failure = await failureOf(commands().run({ argv: ['stubborn'], deadlineMs: 200 }, never));

    const child = Number(await readFile(join(scratch.path, 'child'), 'utf8'));
    expect(failure).toMatchObject({ timedOut: true, signal: 'SIGKILL', abandonedPid: undefined });
    await expect(stateOf(child)).resolves.toBe('gone');
  });

  it('ends when the caller does not want the result any more', async () => {
    const abort = new AbortController();
    await program('slow', `touch ${scratch.path}/started; exec sleep 60`);

    const running = failureOf(commands().run({ argv: ['slow'], deadlineMs: 60_000 }, abort.signal));
    await readFileWhenThere(join(scratch.path, 'started'));
    abort.abort(new Error('enough'));

    expect(await running).toMatchObject({ isAborted: true, timedOut: false, signal: 'SIGTERM' });
  });

  it('does not wait for what a child leaves running with its output open', async () => {
    await program('fork', 'echo done; sleep 3 &');
    const startedAt = performance.now();

    const result = await commands().run({ argv: ['fork'], deadlineMs: 10_000 }, never);

    expect(result.stdout).toBe('done\n');
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('bounds what it keeps of the output', async () => {
    await program('chatter', 'echo first; head -c 1000000 /dev/zero; echo last');

    const result = await commands().run({ argv: ['chatter'], deadlineMs: 5000, maxOutputBytes: 64 }, never);

    expect(result.stdout.length).toBeLessThan(150);
    expect(result.stdout).toMatch(/^first[^]*bytes left out[^]*last\n$/);
  });
});

describe('a stream of output', () => {
  async function collect(output: AsyncIterable<Buffer>): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of output) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  it('has all that a program prints, however slowly it is read', async () => {
    await program('flood', 'head -c 3000000 /dev/zero; echo end');
    let bytes = 0;

    for await (const chunk of commands().stream({ argv: ['flood'], deadlineMs: 10_000 }, never)) {
      // Longer than the grace in which a program that has ended is done with.
      if (bytes === 0) await sleepFor(300);
      bytes += chunk.length;
    }

    expect(bytes).toBe(3_000_004);
  });

  it('ends with the failure of the program, after what it printed', async () => {
    await program('half', 'echo begun; echo broken >&2; exit 2');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of commands().stream({ argv: ['half'], deadlineMs: 5000 }, never))
        seen.push(chunk.toString());
    })();

    expect(await failureOf(reading)).toMatchObject({ exitCode: 2, stderr: 'broken\n' });
    expect(seen.join('')).toBe('begun\n');
  });

  it('says when the program is missing', async () => {
    const reading = collect(commands().stream({ argv: ['nothing-here'], deadlineMs: 5000 }, never));

    expect(await failureOf(reading)).toMatchObject({ notFound: true });
  });

  it('ends the program when the reader leaves, and when the caller does', async () => {
    await program('endless', `echo $$ > ${scratch.path}/pid; exec yes`);
    const abort = new AbortController();

    for await (const _chunk of commands().stream({ argv: ['endless'], deadlineMs: 60_000 }, never)) break;
    const pid = Number(await readFile(join(scratch.path, 'pid'), 'utf8'));
    const reading = (async () => {
      for await (const _chunk of commands().stream({ argv: ['endless'], deadlineMs: 60_000 }, abort.signal))
        abort.abort(new Error('enough'));
    })();

    expect(await failureOf(reading)).toMatchObject({ isAborted: true });
    await expect(stateOf(pid)).resolves.toBe('gone');
  });
});

describe('a stream of input', () => {
  it('is read by the program as it comes', async () => {
    async function* input(): AsyncGenerator<Buffer> {
      for (let count = 0; count < 40; count += 1) yield Buffer.alloc(100_000, 'x');
    }

    const result = await commands().run({ argv: ['wc', '-c'], input: input(), deadlineMs: 10_000 }, never);

    expect(result.stdout).toBe('4000000\n');
  });

  it('ends the program when it fails, and its error is the one that shows', async () => {
    await program('wait', `echo $$ > ${scratch.path}/pid; exec cat`);
    async function* input(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      await readFileWhenThere(join(scratch.path, 'pid'));
      throw new Error('the source is gone');
    }

    const running = commands().run({ argv: ['wait'], input: input(), deadlineMs: 10_000 }, never);

    await expect(running).rejects.toThrow('the source is gone');
    const pid = Number(await readFile(join(scratch.path, 'pid'), 'utf8'));
    await expect(stateOf(pid)).resolves.toBe('gone');
  });

  it('is ended with the program that says what nothing can come of, at once', async () => {
    await program('complain', 'printf "no ro" >&2; sleep 0.05; printf "om\\nmore\\n" >&2; cat > /dev/null');
    let isEnded = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) {
          await sleepFor(1);
          yield Buffer.alloc(1024);
        }
      } finally {
        isEnded = true;
      }
    }
    const command = {
      argv: ['complain'] as const,
      input: endless(),
      deadlineMs: 60_000,
      givesUpOn: (line: string) => line === 'no room',
    };

    const failure = await failureOf(commands().run(command, never));

    expect(failure).toMatchObject({ isGivenUp: true, timedOut: false, isAborted: false });
    expect(failure.message).toMatch(
      /^complain was stopped, since nothing can come of it any more\. It said: no room/,
    );
    await expect.poll(() => isEnded).toBe(true);
  });

  it('need not be read to its end', async () => {
    async function* input(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(100_000, 'x');
    }

    const result = await commands().run(
      { argv: ['head', '-c', '3'], input: input(), deadlineMs: 10_000 },
      never,
    );

    expect(result.stdout).toBe('xxx');
  });
});

async function readFileWhenThere(path: string): Promise<string> {
  for (;;) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      await sleepFor(10);
    }
  }
}

/** A killed orphan is a zombie until init reaps it. */
async function stateOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status === undefined || status.includes(') Z') ? 'gone' : status;
}
