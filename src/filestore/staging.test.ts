import { mkdir, mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../observability/logger.ts';
import { createStorePaths } from './paths.ts';
import { Staging } from './staging.ts';
import { nodeFiles } from './store-files.ts';

describe('staging', () => {
  it('shows the error that ended the work when discarding fails as well, and discards again later', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-staging-'));
    const paths = createStorePaths(root.path);
    await mkdir(paths.staging, { recursive: true });
    const discarded: string[] = [];
    let isFull = true;
    const trash = {
      async discard(directory: string): Promise<void> {
        if (isFull) throw new Error('no space left');
        discarded.push(directory);
      },
    };
    const rest = { isShared: false, files: nodeFiles, clock: systemClock, logger: silentLogger };
    const staging = new Staging({ paths, nodeName: 'a', trash, ...rest });
    const work = async (): Promise<void> => {
      await using _staged = await staging.open('volume');
      throw new Error('the work failed');
    };

    await expect(work()).rejects.toThrow(/^the work failed$/);
    isFull = false;
    await using next = await staging.open('volume');

    const left = (await readdir(paths.staging)).map((name) => join(paths.staging, name));
    expect(discarded).toEqual(left.filter((directory) => directory !== next.directory));
    next.markCommitted();
  });
});
