import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createLossyFiles } from '../../test/support/lossy-files.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLogger } from '../observability/logger.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import { commitRename, Staging, type StagingOptions } from './staging.ts';
import { nodeFiles } from './store-files.ts';

const YEAR_MS = 365 * 86_400_000;
const MINUTE_MS = 60_000;
const lossy = createLossyFiles(() => 'answer-lost');

let paths: StorePaths;
let discarded: string[];
const trash = {
  async discard(directory: string): Promise<void> {
    discarded.push(basename(directory));
    await rm(directory, { recursive: true });
  },
};
beforeEach(async () => {
  paths = createStorePaths(await mkdtemp(join(tmpdir(), 'stowage-staging-')));
  discarded = [];
  await mkdir(paths.staging, { recursive: true });
});
afterEach(async () => await rm(paths.root, { recursive: true, force: true }));

function create(nodeName: string, clock: Clock, changes: Partial<StagingOptions> = {}): Staging {
  const rest = { isShared: true, files: nodeFiles, logger: silentLogger };
  return new Staging({ paths, nodeName, trash, clock, ...rest, ...changes });
}

describe('staging', () => {
  it('shows the error that ended the work when discarding fails as well, and discards again later', async () => {
    let isFull = true;
    const full = {
      async discard(directory: string): Promise<void> {
        if (isFull) throw new Error('no space left');
        await trash.discard(directory);
      },
    };
    const staging = create('a', systemClock, { isShared: false, trash: full });
    const work = async (): Promise<void> => {
      await using _staged = await staging.open('volume');
      throw new Error('the work failed');
    };

    await expect(work()).rejects.toThrow(/^the work failed$/);
    isFull = false;
    await using next = await staging.open('volume');

    expect(discarded).toHaveLength(1);
    expect(await readdir(paths.staging)).toEqual([basename(next.directory)]);
    next.markCommitted();
  });
});

describe('staging that nodes share, whose clocks are years apart', () => {
  const ahead = (): FakeClock => new FakeClock(Date.now() + YEAR_MS);
  const behind = (): FakeClock => new FakeClock(Date.now() - YEAR_MS);

  it.each([
    ['ahead', ahead],
    ['behind', behind],
  ])('leaves alone what a node that is %s renews', async (_, createClock) => {
    const [builderClock, clock] = [createClock(), new FakeClock(Date.now())];
    await using staged = await create('builder', builderClock).open('volume');
    const staging = create('other', clock);
    await staging.sweep();

    for (let minute = 0; minute < 30; minute += 1) {
      await builderClock.whenSleeping();
      const before = (await stat(staged.directory)).mtimeMs;
      builderClock.advance(MINUTE_MS);
      await expect.poll(async () => (await stat(staged.directory)).mtimeMs).not.toBe(before);
      clock.advance(MINUTE_MS);
      expect(await staging.sweepExpired()).toBe(0);
    }
    staged.markCommitted();
  });

  it.each([
    ['ahead', ahead],
    ['behind', behind],
  ])('sweeps what a node that is %s has not renewed for five minutes', async (_, createClock) => {
    const clock = createClock();
    const name = 'volume.deadnode.abc';
    await mkdir(join(paths.staging, name));
    const staging = create('other', clock);
    await staging.sweep();

    for (let minute = 1; minute < 5; minute += 1) {
      clock.advance(MINUTE_MS);
      expect(await staging.sweepExpired()).toBe(0);
    }
    clock.advance(MINUTE_MS);

    expect(await staging.sweepExpired()).toBe(1);
    expect(discarded).toEqual([name]);
  });

  it('sweeps nothing because a server was away, during which nobody could renew anything', async () => {
    const clock = new FakeClock();
    await mkdir(join(paths.staging, 'volume.anothern.abc'));
    const staging = create('other', clock);
    await staging.sweep();

    clock.advance(60 * MINUTE_MS);

    expect(await staging.sweepExpired()).toBe(0);
  });

  it('sweeps what an earlier life of the node left at once, and never what the node builds now', async () => {
    const clock = new FakeClock();
    const left = await create('a', new FakeClock()).open('volume');
    const files = { ...nodeFiles, touch: () => Promise.reject(new Error('no answer')) };
    const staging = create('a', clock, { files });
    expect(await staging.sweep()).toBe(1);
    await left[Symbol.asyncDispose]();

    await using built = await staging.open('volume');
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advance(MINUTE_MS);
      expect(await staging.sweepExpired()).toBe(0);
    }
    built.markCommitted();
  });

  it('knows what another node makes, until its lease has run out', async () => {
    const clock = new FakeClock();
    const builder = create('builder', new FakeClock());
    await using staged = await builder.open('volume', 'hash');
    const other = create('other', clock);

    expect(await builder.isMadeElsewhere('volume', 'hash')).toBe(false);
    expect(await other.isMadeElsewhere('volume', 'another')).toBe(false);
    expect(await other.isMadeElsewhere('snapshot', 'hash')).toBe(false);
    for (let minute = 0; minute < 5; minute += 1) {
      expect(await other.isMadeElsewhere('volume', 'hash')).toBe(true);
      clock.advance(MINUTE_MS);
    }
    expect(await other.isMadeElsewhere('volume', 'hash')).toBe(false);
    staged.markCommitted();
  });

  it('makes its directory also when the answer to that is lost', async () => {
    await using staged = await create('a', new FakeClock(), { files: lossy }).open('volume');

    expect(await readdir(paths.staging)).toEqual([basename(staged.directory)]);
  });
});

describe('a commit', () => {
  const nonce = 'mine';
  let staged: { readonly directory: string; readonly nonce: string };
  let target: string;
  beforeEach(async () => {
    staged = { directory: join(paths.staging, 'staged'), nonce };
    target = join(paths.root, 'target');
    await mkdir(staged.directory);
    await writeFile(join(staged.directory, 'record'), nonce);
  });
  const read = async (): Promise<string | undefined> => {
    const names = await readdir(target).catch((): string[] => []);
    return names.includes('record') ? nonce : names[0];
  };

  it('is ours when only its answer is lost', async () => {
    expect(await commitRename(lossy, staged, target, read)).toBe('ours');
  });

  it("is theirs when somebody else's object has the name", async () => {
    await mkdir(target);
    await writeFile(join(target, 'theirs'), '');

    expect(await commitRename(nodeFiles, staged, target, read)).toBe('theirs');
  });

  it('is gone when what was staged was swept, or was committed and removed again', async () => {
    await rm(staged.directory, { recursive: true });

    expect(await commitRename(nodeFiles, staged, target, read)).toBe('gone');
  });

  it('has failed when nothing has moved', async () => {
    const files = { rename: () => nodeFiles.rename(staged.directory, join(paths.root, 'none', 'x')) };

    await expect(commitRename(files, staged, target, read)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
