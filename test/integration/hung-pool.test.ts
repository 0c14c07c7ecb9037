import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

describe.skipIf(skipsRootTests())('a server one of whose pools hangs', () => {
  let stack: AsyncDisposableStack;
  let scratch: ScratchDirectory;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    scratch = stack.use(await makeScratchDirectory());
  });
  afterEach(async () => await stack.disposeAsync());

  it('has more threads for file operations than one pool can take', async () => {
    const pools = [{ name: 'main', path: scratch.path }];
    const server = stack.use(await startServer({ directory: join(scratch.path, 'server'), pools }));

    const tasks = await readdir(`/proc/${server.pid}/task`);
    const names = await Promise.all(
      tasks.map(async (task) => await readFile(`/proc/${server.pid}/task/${task}/comm`, 'utf8')),
    );

    expect(names.filter((name) => name === 'libuv-worker\n')).toHaveLength(64);
  });
});
