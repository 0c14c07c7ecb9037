import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommands } from '../../src/host/commands.ts';
import { createMounts } from '../../src/host/mounts.ts';
import {
  createPlainQuota,
  createQgroupQuota,
  type PoolQuotas,
  probeQuotas,
} from '../../src/host/quotas/index.ts';
import type { QuotaKind } from '../../src/host/quotas/quota.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import { createTrees } from '../../src/host/trees.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { describeQuotaKind, type QuotaFixture } from '../contract/quota-kind.ts';
import { makeScratchFilesystem, type ScratchType, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const MIB = 1024 * 1024;
const NONE = new AbortController().signal;

interface Pool extends QuotaFixture {
  readonly quotas: PoolQuotas;
}

async function openPool(type: ScratchType, choose: (quotas: PoolQuotas) => QuotaKind): Promise<Pool> {
  const scratch = await makeScratchFilesystem({ type, sizeBytes: 1024 * MIB });
  const syscalls = createSyscalls();
  const mounts = createMounts({ syscalls });
  const trees = createTrees({
    commands: createCommands({ logger: silentLogger }),
    mounts,
    logger: silentLogger,
  });
  const quotas = await probeQuotas({ syscalls, trees, logger: silentLogger }, scratch.path, NONE);
  return {
    path: scratch.path,
    kind: choose(quotas),
    quotas,
    syscalls,
    trees,
    async [Symbol.asyncDispose]() {
      await syscalls.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(skipsRootTests())('quotas on real file systems', () => {
  describeQuotaKind(
    'qgroup on btrfs',
    { quota: 'qgroup', isHard: true, copying: 'instant' },
    async () => await openPool('btrfs', ({ best }) => best),
  );
  describeQuotaKind(
    'none on btrfs',
    { quota: 'none', isHard: false, copying: 'reflink' },
    async () => await openPool('btrfs', ({ plain }) => plain),
  );
  describeQuotaKind(
    'none on xfs',
    { quota: 'none', isHard: false, copying: 'reflink' },
    async () => await openPool('xfs', ({ plain }) => plain),
  );
  describeQuotaKind(
    'none on ext4',
    { quota: 'none', isHard: false, copying: 'plain' },
    async () => await openPool('ext4', ({ plain }) => plain),
  );
});

describe.skipIf(skipsRootTests())('probing a pool', () => {
  it('waits until btrfs has counted what was there before, since limits do not hold meanwhile', async () => {
    await using scratch = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 2048 * MIB });
    await using stack = new AsyncDisposableStack();
    const syscalls = stack.adopt(createSyscalls(), (value) => value.close());
    const deps = { commands: createCommands({ logger: silentLogger }), mounts: createMounts({ syscalls }) };
    const trees = createTrees({ ...deps, logger: silentLogger });
    for (let index = 0; index < 20_000; index += 1) {
      writeFileSync(join(scratch.path, `file-${index}`), Buffer.alloc(4096, 1));
    }
    await syscalls.syncFileSystem({ path: scratch.path }, NONE);

    const { best } = await probeQuotas({ syscalls, trees, logger: silentLogger }, scratch.path, NONE);

    expect(best.name).toBe('qgroup');
    expect(await syscalls.rescanLostQgroups({ path: scratch.path }, NONE)).toBe(false);
  });

  it.each(['ext4', 'xfs', 'btrfs'] as const)('leaves nothing behind on %s', async (type) => {
    await using pool = await openPool(type, ({ best }) => best);

    expect((await readdir(pool.path)).filter((name) => name !== 'lost+found')).toEqual([]);
  });

  it('opens a full btrfs pool by what its quotas say', async () => {
    await using pool = await openPool('btrfs', ({ best }) => best);
    await fill(join(pool.path, 'filler'));

    const { best, plain } = await probeQuotas({ ...pool, logger: silentLogger }, pool.path, NONE);

    expect({ best: best.name, plain: plain.name }).toEqual({ best: 'qgroup', plain: 'none' });
  });

  it('opens a full pool without quotas', async () => {
    await using pool = await openPool('ext4', ({ best }) => best);
    await fill(join(pool.path, 'filler'));

    const { best } = await probeQuotas({ ...pool, logger: silentLogger }, pool.path, NONE);

    expect(best.name).toBe('none');
  });
});

describe.skipIf(skipsRootTests())('nested btrfs subvolumes', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool('btrfs', ({ best }) => best);
  });
  afterAll(async () => {
    await pool[Symbol.asyncDispose]();
  });

  /** A tree with a subvolume in it, a read-only snapshot in that one, and a file in each. */
  async function makeNested(kind: QuotaKind, name: string): Promise<string> {
    const path = join(pool.path, name);
    await kind.createTree({ path, limitBytes: 64 * MIB }, NONE);
    await mkdir(join(path, 'a', 'b'), { recursive: true });
    await exec('btrfs', ['subvolume', 'create', join(path, 'a', 'b', 'outer')]);
    await writeFile(join(path, 'a', 'b', 'outer', 'file'), 'x');
    await exec('btrfs', [
      'subvolume',
      'snapshot',
      join(path, 'a', 'b', 'outer'),
      join(path, 'a', 'b', 'outer', 'inner'),
    ]);
    await exec('btrfs', ['property', 'set', join(path, 'a', 'b', 'outer'), 'ro', 'true']);
    return path;
  }

  it('are removed with their tree', async () => {
    const kind = createQgroupQuota(pool);
    const path = await makeNested(kind, 'with-nested');

    await kind.removeTree({ path, handle: { quota: 'qgroup' } }, NONE);

    expect(await readdir(pool.path)).toEqual([]);
    expect(await pool.syscalls.listSubvolumes({ path: pool.path }, NONE)).toEqual([]);
  });

  it('are removed with a plain tree, too', async () => {
    const kind = createPlainQuota(pool, { copying: 'reflink' });
    const path = await makeNested(kind, 'plain-with-nested');

    await kind.removeTree({ path, handle: { quota: 'none' } }, NONE);

    expect(await readdir(pool.path)).toEqual([]);
  });

  it('that are immutable are named with what makes them removable', async () => {
    const kind = createQgroupQuota(pool);
    const path = await makeNested(kind, 'immutable');
    const tree = { path, handle: { quota: 'qgroup' } as const };
    await exec('chattr', ['+i', join(path, 'a', 'b')]);

    await expect(kind.removeTree(tree, NONE)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('chattr -R -ia'),
    });

    await exec('chattr', ['-i', join(path, 'a', 'b')]);
    await kind.removeTree(tree, NONE);
  });

  it('keep a tree from being copied, and are reported', async () => {
    const kind = createQgroupQuota(pool);
    const source = await makeNested(kind, 'nested-source');
    const tree = { path: source, handle: { quota: 'qgroup' } as const, limitBytes: 64 * MIB };

    const copy = kind.copyTree({ source, path: join(pool.path, 'nested-copy'), limitBytes: 64 * MIB }, NONE);

    await expect(copy).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('a/b/outer'),
    });
    expect(await kind.verify(tree, NONE)).toEqual([expect.stringContaining('2 btrfs subvolumes')]);
    await kind.removeTree(tree, NONE);
  });
});

/** Writes until nothing fits any more. */
async function fill(path: string): Promise<void> {
  const writing = exec('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', 'conv=fsync']);
  await expect(writing).rejects.toThrow('No space left on device');
}
