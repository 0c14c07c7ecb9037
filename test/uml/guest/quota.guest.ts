import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeQuotas } from '../../../src/host/quotas/index.ts';
import type { QuotaKind, TreeHandle } from '../../../src/host/quotas/quota.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { describeQuotaKind, type QuotaFixture } from '../../contract/quota-kind.ts';
import { makeScratchFilesystem, type ScratchType } from '../../support/scratch.ts';
import { createGuestHost } from './guest-host.ts';

const exec = promisify(execFile);
const MI = 2 ** 20;
const LIMIT_BYTES = 8 * MI;
const NEVER = new AbortController().signal;

interface Case {
  readonly type: ScratchType;
  readonly makeOptions: readonly string[];
  readonly copying: QuotaKind['copying'];
  /** Whether a process with every capability is bound. */
  readonly isHard: boolean;
  /** What a write beyond the limit fails with. */
  readonly refusal: RegExp;
}

const XFS: Case = {
  type: 'xfs',
  makeOptions: [],
  copying: 'reflink',
  isHard: true,
  refusal: /No space left on device/,
};
const EXT4: Case = {
  type: 'ext4',
  makeOptions: ['-O', 'quota,project'],
  copying: 'plain',
  isHard: false,
  refusal: /Disk quota exceeded/,
};

interface Pool extends QuotaFixture {
  readonly device: string;
}

interface Tree {
  readonly path: string;
  readonly handle: TreeHandle;
}

/** A file system that is mounted with project quotas, and the kind of quota that the probe finds there. */
async function openPool({ type, makeOptions }: Case): Promise<Pool> {
  const mountOptions = ['prjquota'];
  const scratch = await makeScratchFilesystem({ type, sizeBytes: 1024 * MI, makeOptions, mountOptions });
  // The tests below write as a user who has to get there.
  await chmod(dirname(scratch.path), 0o711);
  const host = createGuestHost();
  const { best } = await probeQuotas({ ...host, logger: silentLogger }, scratch.path, NEVER);
  return {
    ...host,
    path: scratch.path,
    device: scratch.device,
    kind: best,
    async [Symbol.asyncDispose]() {
      await host.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

describeQuotaKind(
  'project on xfs',
  { quota: 'project', isHard: XFS.isHard, copying: XFS.copying },
  async () => await openPool(XFS),
);
describeQuotaKind(
  'project on ext4',
  { quota: 'project', isHard: EXT4.isHard, copying: EXT4.copying },
  async () => await openPool(EXT4),
);

describe.each([XFS, EXT4])(
  'project quota of $type, looked at from outside',
  ({ isHard, refusal, ...row }) => {
    let pool: Pool;
    beforeAll(async () => {
      pool = await openPool({ isHard, refusal, ...row });
    });
    afterAll(async () => {
      await pool?.[Symbol.asyncDispose]();
    });

    let count = 0;
    async function makeTree(): Promise<Tree> {
      count += 1;
      const path = join(pool.path, `tree-${count}`);
      const handle = await pool.kind.createTree({ path, limitBytes: LIMIT_BYTES }, NEVER);
      await chmod(path, 0o777);
      return { path, handle };
    }

    it('refuses a user without capabilities who writes more than the limit', async () => {
      const tree = await makeTree();

      await expect(writeAsNobody(tree.path, 10)).rejects.toThrow(refusal);

      const { usedBytes } = await pool.kind.getUsage(tree, NEVER);
      expect(usedBytes).toBeGreaterThan(LIMIT_BYTES - MI);
      expect(usedBytes).toBeLessThanOrEqual(LIMIT_BYTES);
    });

    it(`${isHard ? 'refuses' : 'does not bind'} root with every capability`, async () => {
      const tree = await makeTree();

      const answer = await writeAsRoot(tree.path, 10).then(() => 'written', String);

      expect(answer).toMatch(isHard ? refusal : /^written$/);
    });

    it('lets a user write more once the limit is raised', async () => {
      const tree = await makeTree();
      await expect(writeAsNobody(tree.path, 10)).rejects.toThrow(refusal);

      await pool.kind.setLimit({ ...tree, limitBytes: 2 * LIMIT_BYTES }, NEVER);

      await expect(writeAsNobody(tree.path, 14)).resolves.toBeUndefined();
    });

    it('shows the limit as the size of the tree in df', async () => {
      const tree = await makeTree();
      await writeAsNobody(tree.path, 2);

      const { totalBytes, freeBytes } = await pool.syscalls.statfs({ path: tree.path }, NEVER);

      expect(totalBytes).toBe(LIMIT_BYTES);
      expect(freeBytes).toBeLessThanOrEqual(LIMIT_BYTES - 2 * MI);
    });

    it('counts the bytes and inodes of the tree, as repquota does', async () => {
      const tree = await makeTree();
      await mkdir(join(tree.path, 'below'));
      await writeFile(join(tree.path, 'below', 'file'), Buffer.alloc(3 * MI, 1), { flush: true });

      const usage = await pool.kind.getUsage(tree, NEVER);

      const report = await findReport(pool.device, tree);
      expect(usage).toEqual({ usedBytes: report?.usedBytes, usedInodes: 3 });
      expect(report?.limitBytes).toBe(LIMIT_BYTES);
      expect(usage.usedBytes).toBeGreaterThanOrEqual(3 * MI);
    });

    it('leaves nothing in repquota of a tree that is removed', async () => {
      const tree = await makeTree();
      await writeAsNobody(tree.path, 5);

      await pool.kind.removeTree(tree, NEVER);

      expect(await findReport(pool.device, tree)).toBeUndefined();
    });

    it(`${row.copying === 'reflink' ? 'shares' : 'doubles'} the blocks of a copy, and charges it in full`, async () => {
      const source = await makeTree();
      await writeAsRoot(source.path, 6);
      const path = join(pool.path, 'copy');

      const before = await pool.syscalls.statfs({ path: pool.path }, NEVER);
      const handle = await pool.kind.copyTree({ path, source: source.path, limitBytes: LIMIT_BYTES }, NEVER);
      await pool.syscalls.syncFileSystem({ path: pool.path }, NEVER);
      const after = await pool.syscalls.statfs({ path: pool.path }, NEVER);

      const takenBytes = before.freeBytes - after.freeBytes;
      expect(takenBytes < 2 * MI).toBe(row.copying === 'reflink');
      expect((await findReport(pool.device, { path, handle }))?.usedBytes).toBeGreaterThanOrEqual(6 * MI);
    });

    it('puts back a project id that an owner changed with chattr', async () => {
      const tree = await makeTree();
      await exec('chattr', ['-p', '4711', tree.path]);

      const found = await pool.kind.verify({ ...tree, limitBytes: LIMIT_BYTES }, NEVER);

      expect(found.join('\n')).toContain('project id 4711');
      await expect(writeAsNobody(tree.path, 10)).rejects.toThrow(refusal);
    });
  },
);

/** Writes as a user without any capability. */
async function writeAsNobody(directory: string, mebibytes: number): Promise<void> {
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  await exec('setpriv', [...nobody, 'dd', ...toDdArguments(join(directory, 'by-nobody'), mebibytes)]);
}

async function writeAsRoot(directory: string, mebibytes: number): Promise<void> {
  await exec('dd', toDdArguments(join(directory, 'by-root'), mebibytes));
}

function toDdArguments(file: string, mebibytes: number): readonly string[] {
  return ['if=/dev/zero', `of=${file}`, 'bs=1M', `count=${mebibytes}`, 'conv=fsync'];
}

interface Report {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** What repquota says of a tree's project; undefined when it has neither a limit nor anything charged to it. */
async function findReport(device: string, { handle }: Tree): Promise<Report | undefined> {
  const { stdout } = await exec('repquota', ['--project', '--no-names', '--raw-grace', device]);
  const line = stdout.split('\n').find((text) => text.startsWith(`#${handle.projectId} `));
  // #ID, two signs, then for blocks of 1 KiB and for inodes: used, soft, hard, grace.
  const [used = 0, , hard = 0, , inodes = 0] = (line ?? '').split(/\s+/).slice(2).map(Number);
  if (used === 0 && hard === 0 && inodes === 0) return undefined;
  return { usedBytes: used * 1024, limitBytes: hard * 1024 };
}
