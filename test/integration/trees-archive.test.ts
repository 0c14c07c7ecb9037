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

  it('say that there is no room, and end their source', async () => {
    await using small = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 32 * MIB });
    const source = await makeDirectory('large');
    await writeFile(join(source, 'file'), Buffer.alloc(40 * MIB, 1));
    const target = join(small.path, 'target');
    await mkdir(target);

    const unpacking = openTrees().unpack({ archive: openTrees().pack(source, NONE), target }, NONE);

    await expect(unpacking).rejects.toMatchObject({ code: 'NO_ROOM' });
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
