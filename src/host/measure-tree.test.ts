import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepLog } from '../../test/support/log-lines.ts';
import { unusable } from '../../test/support/unusable.ts';
import { createCommands } from './commands.ts';
import type { Mounts } from './host.ts';
import { createTrees } from './trees.ts';

const NONE = new AbortController().signal;
const GONE = "/usr/bin/du: cannot access '/source/a/gone': No such file or directory";
const STALE = `/usr/bin/du: cannot read directory "/source/it's gone": Stale file handle`;
const PRIVATE = "/usr/bin/du: cannot read directory '/source/private': Permission denied";

describe('a tree that is counted', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-measure-'));
  });
  afterAll(async () => await rm(directory, { recursive: true, force: true }));

  /** Trees whose sandbox says this and ends so, whatever is to be run in it. */
  async function openTrees({ exitCode = 0, lines = [''], total = '4096\t/source\n' }) {
    const said = join(directory, 'said');
    await writeFile(said, lines.map((line) => `${line}\n`).join(''));
    const program = `#!/bin/sh\ncat '${said}' >&2\nprintf '${total}'\nexit ${exitCode}\n`;
    await writeFile(join(directory, 'bwrap'), program, { mode: 0o755 });
    const log = keepLog();
    const searchPath = `${directory}:/usr/bin:/bin`;
    const commands = createCommands({ logger: log.logger, searchPath });
    const trees = createTrees({ commands, mounts: unusable<Mounts>('mounts'), logger: log.logger });
    return { trees, log };
  }

  it.each<[string, readonly string[]]>([
    ['loses files meanwhile', [GONE]],
    ['loses them to another client of its server', [STALE, GONE]],
    ['loses more than are listed', Array.from({ length: 2_000 }, () => GONE)],
  ])('and %s is counted all the same', async (_, lines) => {
    const { trees, log } = await openTrees({ exitCode: 1, lines: [...lines] });

    expect(await trees.measure('/tree', NONE)).toEqual({ usedBytes: 4096, usedInodes: 4096 });
    expect(log.say()).toEqual([]);
  });

  it('has parts that a server does not let root see: they are left out, which is said once', async () => {
    const { trees, log } = await openTrees({ exitCode: 1, lines: [PRIVATE, GONE] });

    expect(await trees.measure('/tree', NONE)).toEqual({ usedBytes: 4096, usedInodes: 4096 });
    await trees.measure('/tree', NONE);

    expect(log.say()).toEqual([expect.stringMatching(/^warn Parts of a tree are not counted/)]);
  });

  it.each<[string, Parameters<typeof openTrees>[0], RegExp]>([
    [
      'something else goes wrong',
      { exitCode: 1, lines: [GONE, 'du: /source/x: Input/output error'] },
      /Input\/output error/,
    ],
    [
      'the whole of it is closed',
      { exitCode: 1, lines: [PRIVATE.replace('/source/private', '/source')] },
      /'\/source': Permission denied/,
    ],
    [
      'the whole of it is gone',
      { exitCode: 1, lines: [GONE.replace('/source/a/gone', '/source')] },
      /'\/source': No such/,
    ],
    ['no reason is told', { exitCode: 1, lines: [] }, /du said: nothing/],
    ['there is no total', { exitCode: 1, lines: [GONE], total: '' }, /something unknown/],
    ['it ends in another way', { exitCode: 2, lines: [GONE] }, /exit code 2/],
  ])('is not counted when %s', async (_, said, sentence) => {
    const { trees } = await openTrees(said);

    await expect(trees.measure('/tree', NONE)).rejects.toThrow(sentence);
  });
});
