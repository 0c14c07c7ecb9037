import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommands } from '../../src/host/commands.ts';
import { createMounts } from '../../src/host/mounts.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { createTrees } from '../../src/host/trees.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { describeTree, makeOddTree } from '../support/odd-tree.ts';
import {
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  skipsRootTests,
} from '../support/scratch.ts';

const exec = promisify(execFile);
const NONE = new AbortController().signal;
const MIB = 1024 * 1024;

describe.skipIf(skipsRootTests())('archives of whole trees', () => {
  let scratch: ScratchDirectory;
  let syscalls: Syscalls;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    syscalls = createSyscalls();
  });
  afterAll(async () => {
    await syscalls.close();
    await scratch[Symbol.asyncDispose]();
  });

  const openTrees = () =>
    createTrees({
      commands: createCommands({ logger: silentLogger }),
      mounts: createMounts({ syscalls }),
      logger: silentLogger,
    });

  async function makeDirectory(name: string): Promise<string> {
    const path = join(scratch.path, name);
    await mkdir(path);
    return path;
  }

  async function hash(source: string): Promise<string> {
    const sum = createHash('sha256');
    for await (const chunk of openTrees().pack(source, NONE)) sum.update(chunk);
    return sum.digest('hex');
  }

  it('keep all that a tree is made of', async () => {
    const [source, target] = [await makeDirectory('odd'), await makeDirectory('odd-copy')];
    await makeOddTree(source);

    await openTrees().unpack({ archive: openTrees().pack(source, NONE), target }, NONE);

    expect(await describeTree(target)).toBe(await describeTree(source));
    const [before, after] = [await stat(join(source, 'sparse')), await stat(join(target, 'sparse'))];
    expect(after).toMatchObject({ size: before.size, blocks: before.blocks });
  });

  it('are the same to the byte every time', async () => {
    const source = await makeDirectory('stable');
    await makeOddTree(source);
    const first = await hash(source);
    await exec('cat', [join(source, 'file')]);

    expect(await hash(source)).toBe(first);
  });

  it('leave sockets out, which are of no use without their program', async () => {
    const [source, target] = [await makeDirectory('sockets'), await makeDirectory('sockets-copy')];
    const bind = 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])';
    await exec('python3', ['-c', bind, join(source, 'socket')]);
    await writeFile(join(source, 'file'), 'x');

    await openTrees().unpack({ archive: openTrees().pack(source, NONE), target }, NONE);

    expect(await readdir(target)).toEqual(['file']);
  });

  it('say that there is no room as soon as there is none, and end their source', async () => {
    await using small = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 32 * MIB });
    const source = await makeDirectory('large');
    for (const name of ['first', 'second', 'third']) {
      await writeFile(join(source, name), Buffer.alloc(48 * MIB, 1));
    }
    const target = join(small.path, 'target');
    await mkdir(target);
    let readBytes = 0;
    let isEnded = false;
    async function* count(): AsyncGenerator<Buffer> {
      try {
        for await (const chunk of openTrees().pack(source, NONE)) {
          readBytes += chunk.length;
          yield chunk;
        }
      } finally {
        isEnded = true;
      }
    }

    const unpacking = openTrees().unpack({ archive: count(), target }, NONE);

    await expect(unpacking).rejects.toMatchObject({
      code: 'NO_ROOM',
      message: expect.stringMatching(
        /no room for it.*tar said: .*(No space left|Wrote only).*Remove volumes or snapshots/s,
      ),
    });
    await expect.poll(() => isEnded).toBe(true);
    expect(readBytes).toBeLessThan(48 * MIB);
  });

  it('are unpacked although their target cannot take all attributes', async () => {
    await using other = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 32 * MIB });
    await using roomy = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 320 * MIB });
    const [source, target] = [join(roomy.path, 'source'), join(other.path, 'target')];
    for (const path of [source, target]) await mkdir(path);
    await writeFile(join(source, 'file'), 'content');
    // More than a block of ext4, which says then that no space is left.
    await exec('setfattr', ['-n', 'user.large', '-v', 'x'.repeat(16_000), join(source, 'file')]);

    await openTrees().unpack({ archive: openTrees().pack(source, NONE), target }, NONE);

    expect(await readdir(target)).toEqual(['file']);
  });

  it('are refused when they are cut off', async () => {
    const [source, target] = [await makeDirectory('whole'), await makeDirectory('part')];
    await writeFile(join(source, 'file'), Buffer.alloc(MIB, 1));
    async function* half(): AsyncGenerator<Buffer> {
      for await (const chunk of openTrees().pack(source, NONE)) {
        yield chunk.subarray(0, 20_000);
        break;
      }
    }

    const unpacking = openTrees().unpack({ archive: half(), target }, NONE);

    await expect(unpacking).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('tar said'),
    });
  });

  it('are not made of what is missing', async () => {
    const reading = hash(join(scratch.path, 'missing'));

    await expect(reading).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });
});
