import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDriverError } from '../../src/domain/errors.ts';
import { isErrno } from '../../src/host/errno.ts';
import type { Trees } from '../../src/host/host.ts';
import type { QuotaKind, QuotaName, TreeHandle } from '../../src/host/quotas/quota.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';

/** A pool to try a kind of quota in. */
export interface QuotaFixture extends AsyncDisposable {
  /** An empty directory on the file system under test, with at least 200 MiB free. */
  readonly path: string;
  readonly kind: QuotaKind;
  readonly syscalls: Syscalls;
  readonly trees: Trees;
}

export interface QuotaExpectation {
  readonly quota: QuotaName;
  readonly isHard: boolean;
  readonly copying: QuotaKind['copying'];
}

const MIB = 1024 * 1024;
const NONE = new AbortController().signal;

/** A test of what only some kinds of quota can do: for the others there is none, rather than one that is skipped. */
function itWhen(applies: boolean): typeof it | ((name: string, work: () => Promise<void>) => void) {
  return applies ? it : () => undefined;
}

/** What every {@link QuotaKind} promises. `open` is called once; root, and a kernel with this quota, are needed. */
export function describeQuotaKind(
  title: string,
  expected: QuotaExpectation,
  open: () => Promise<QuotaFixture>,
): void {
  const limits = expected.quota !== 'none';

  describe(`a kind of quota: ${title}`, () => {
    let fixture: QuotaFixture;
    let count = 0;

    beforeAll(async () => {
      fixture = await open();
    });
    afterAll(async () => {
      await fixture?.[Symbol.asyncDispose]();
    });

    /** A tree with 3 MiB in it and a limit of 16 MiB. */
    async function makeTree(limitBytes = 16 * MIB): Promise<{ path: string; handle: TreeHandle }> {
      count += 1;
      const path = join(fixture.path, `tree-${count}`);
      const handle = await fixture.kind.createTree({ path, limitBytes }, NONE);
      await mkdir(join(path, 'deep', 'er'), { recursive: true });
      await writeFile(join(path, 'deep', 'er', 'file'), Buffer.alloc(3 * MIB, 7), { flush: true });
      return { path, handle };
    }

    /** Whether the large file in a tree is as `makeTree` made it. */
    async function isIntact(path: string): Promise<boolean> {
      return (await readFile(join(path, 'deep', 'er', 'file'))).equals(Buffer.alloc(3 * MIB, 7));
    }

    async function getUsedBytes(tree: { path: string; handle: TreeHandle }): Promise<number> {
      await fixture.syscalls.syncFileSystem({ path: tree.path }, NONE);
      return (await fixture.kind.getUsage(tree, NONE)).usedBytes;
    }

    it('says what it is', () => {
      const { name, isHard, copying } = fixture.kind;

      expect({ quota: name, isHard, copying }).toEqual(expected);
    });

    it('makes an empty tree that belongs to root and that others cannot enter', async () => {
      const path = join(fixture.path, 'empty');

      const handle = await fixture.kind.createTree({ path, limitBytes: 16 * MIB }, NONE);

      const { uid, gid, mode } = await lstat(path);
      expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 0, gid: 0, mode: 0o750 });
      expect(await readdir(path)).toEqual([]);
      expect(handle.quota).toBe(expected.quota);
      expect(await getUsedBytes({ path, handle })).toBeLessThanOrEqual(64 * 1024);
    });

    it('does not take over what is there', async () => {
      const { path } = await makeTree();

      const again = fixture.kind.createTree({ path, limitBytes: undefined }, NONE);

      await expect(again).rejects.toMatchObject({ code: 'EEXIST' });
    });

    it('counts what is written, each tree for itself', async () => {
      const one = await makeTree();
      const other = await makeTree();

      await writeFile(join(one.path, 'more'), Buffer.alloc(4 * MIB, 1), { flush: true });

      const [used, usedByOther] = [await getUsedBytes(one), await getUsedBytes(other)];
      expect(used).toBeGreaterThanOrEqual(7 * MIB);
      expect(used).toBeLessThan(8 * MIB);
      expect(usedByOther).toBeGreaterThanOrEqual(3 * MIB);
      expect(usedByOther).toBeLessThan(4 * MIB);
    });

    itWhen(limits)('refuses more than the limit, and takes it once the limit is raised', async () => {
      const tree = await makeTree(8 * MIB);

      const isRefused = await isTooMuch(tree.path, 6 * MIB);
      await fixture.kind.setLimit({ ...tree, limitBytes: 32 * MIB }, NONE);
      const isRefusedStill = await isTooMuch(tree.path, 6 * MIB);

      expect({ isRefused, isRefusedStill }).toEqual({ isRefused: true, isRefusedStill: false });
    });

    itWhen(limits)('puts a lost limit back, and says so once', async () => {
      const tree = await makeTree();
      await fixture.kind.setLimit({ ...tree, limitBytes: undefined }, NONE);

      const first = await fixture.kind.verify({ ...tree, limitBytes: 8 * MIB }, NONE);
      const second = await fixture.kind.verify({ ...tree, limitBytes: 8 * MIB }, NONE);

      expect(first).toHaveLength(1);
      expect(second).toEqual([]);
      expect(await isTooMuch(tree.path, 6 * MIB)).toBe(true);
    });

    it('finds nothing wrong with a sound tree', async () => {
      const tree = await makeTree();

      expect(await fixture.kind.verify({ ...tree, limitBytes: 16 * MIB }, NONE)).toEqual([]);
    });

    it('copies a tree with all that is in it', async () => {
      const source = await makeTree();
      await symlink('/etc/passwd', join(source.path, 'link'));
      await writeFile(join(source.path, 'mine'), 'x', { mode: 0o640 });
      await chown(join(source.path, 'mine'), 1234, 5678);
      await chown(source.path, 1000, 1000);
      const path = join(fixture.path, 'copy');

      const handle = await fixture.kind.copyTree({ source: source.path, path, limitBytes: 16 * MIB }, NONE);

      expect((await readdir(path, { recursive: true })).toSorted()).toEqual(
        (await readdir(source.path, { recursive: true })).toSorted(),
      );
      expect(await isIntact(path)).toBe(true);
      expect(await lstat(join(path, 'mine'))).toMatchObject({ uid: 1234, gid: 5678, mode: 0o100640 });
      expect(await lstat(path)).toMatchObject({ uid: 1000, gid: 1000, mode: 0o40750 });
      expect(await getUsedBytes({ path, handle })).toBeGreaterThanOrEqual(3 * MIB);
    });

    it('makes copies that are independent of their source', async () => {
      const source = await makeTree();
      const path = join(fixture.path, 'independent');
      await fixture.kind.copyTree({ source: source.path, path, limitBytes: 16 * MIB }, NONE);

      await writeFile(join(source.path, 'deep', 'er', 'file'), 'changed');
      await fixture.kind.removeTree(source, NONE);

      expect(await isIntact(path)).toBe(true);
    });

    itWhen(limits)('limits a copy, with shared blocks counted in full', async () => {
      const source = await makeTree();
      const path = join(fixture.path, 'limited-copy');

      const handle = await fixture.kind.copyTree({ source: source.path, path, limitBytes: 8 * MIB }, NONE);

      const used = await getUsedBytes({ path, handle });
      expect(used).toBeGreaterThanOrEqual(3 * MIB);
      expect(used).toBeLessThan(4 * MIB);
      expect(await isTooMuch(path, 6 * MIB)).toBe(true);
      expect(await isTooMuch(source.path, 6 * MIB)).toBe(false);
    });

    it('refuses a copy that may hold less than its source', async () => {
      const source = await makeTree();
      await fixture.syscalls.syncFileSystem({ path: source.path }, NONE);
      const path = join(fixture.path, 'too-small');

      const copy = fixture.kind.copyTree({ source: source.path, path, limitBytes: MIB }, NONE);

      await expect(copy).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
    });

    itWhen(expected.copying === 'instant')('makes read-only copies, and writable ones of those', async () => {
      const source = await makeTree();
      const [snapshot, clone] = [join(fixture.path, 'snapshot'), join(fixture.path, 'clone')];

      const options = { source: source.path, path: snapshot, limitBytes: undefined, readOnly: true };
      const handle = await fixture.kind.copyTree(options, NONE);
      await fixture.kind.copyTree({ source: snapshot, path: clone, limitBytes: 16 * MIB }, NONE);

      await expect(writeFile(join(snapshot, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' });
      await writeFile(join(clone, 'new'), '');
      await fixture.kind.removeTree({ path: snapshot, handle }, NONE);
      expect(await isIntact(clone)).toBe(true);
    });

    it('removes a tree, and what is removed already', async () => {
      const tree = await makeTree();

      await fixture.kind.removeTree(tree, NONE);
      await fixture.kind.removeTree(tree, NONE);

      await expect(lstat(tree.path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    itWhen(expected.quota === 'project')(
      'charges everything in a tree and in its copies to a project of its own',
      async () => {
        const source = await makeTree();
        const path = join(fixture.path, 'charged');
        const handle = await fixture.kind.copyTree({ source: source.path, path, limitBytes: 16 * MIB }, NONE);

        const ids = new Set<number>();
        for (const name of ['', 'deep', 'deep/er', 'deep/er/file']) {
          ids.add((await fixture.syscalls.getProject({ path: join(path, name) }, NONE)).projectId);
        }

        expect([...ids]).toEqual([handle.projectId]);
        expect(handle.projectId).not.toBe(source.handle.projectId);
        expect((await fixture.kind.getUsage({ path, handle }, NONE)).usedInodes).toBe(4);
      },
    );

    /** A directory as somebody else left it, with what is easily lost. */
    async function makeForeign(): Promise<string> {
      count += 1;
      const path = join(fixture.path, `foreign-${count}`);
      await mkdir(join(path, 'deep'), { recursive: true });
      await writeFile(join(path, 'deep', 'file'), Buffer.alloc(3 * MIB, 7), { flush: true });
      await symlink('/etc/passwd', join(path, 'link'));
      for (const name of ['', 'deep', 'deep/file']) await chown(join(path, name), 1234, 5678);
      await chmod(join(path, 'deep'), 0o2775);
      await chmod(join(path, 'deep', 'file'), 0o4750);
      return path;
    }

    itWhen(expected.quota !== 'qgroup')('takes over a directory, and leaves it as it is', async () => {
      const path = await makeForeign();
      const before = await lstat(join(path, 'deep', 'file'));

      const handle = await fixture.kind.adoption?.adoptTree({ path, limitBytes: 8 * MIB }, NONE);

      expect(handle?.quota).toBe(expected.quota);
      expect(await lstat(join(path, 'deep'))).toMatchObject({ uid: 1234, gid: 5678, mode: 0o42775 });
      expect(await lstat(join(path, 'deep', 'file'))).toMatchObject({ ino: before.ino, mode: 0o104750 });
      expect(await readlink(join(path, 'link'))).toBe('/etc/passwd');
    });

    itWhen(expected.quota === 'project')(
      'charges all of a directory that it took over, limits it, and lets go of it',
      async () => {
        const path = await makeForeign();
        const { adoption } = fixture.kind;
        const first = await adoption?.adoptTree({ path, limitBytes: 8 * MIB }, NONE);
        // As after a death in between.
        const handle = (await adoption?.adoptTree({ path, limitBytes: 8 * MIB }, NONE)) ?? { quota: 'none' };
        const getProject = async (name: string) =>
          await fixture.syscalls.getProject({ path: join(path, name) }, NONE);
        const getQuota = async (projectId = 0) =>
          await fixture.syscalls.getProjectQuota({ path, projectId }, NONE);

        expect(await getProject('deep/file')).toMatchObject({ projectId: handle.projectId });
        expect(await getProject('deep')).toEqual({ projectId: handle.projectId, inherit: true });
        expect(await getQuota(handle.projectId)).toMatchObject({ usedInodes: 3, limitBytes: 8 * MIB });
        expect(await getQuota(first?.projectId)).toMatchObject({ usedInodes: 0, limitBytes: 0 });
        expect(await fixture.kind.verify({ path, handle, limitBytes: 8 * MIB }, NONE)).toEqual([]);
        expect(await isTooMuch(path, 6 * MIB)).toBe(true);
        await rm(join(path, 'filler'), { force: true });

        await adoption?.releaseTree({ path, parent: fixture.path }, NONE);

        for (const name of ['', 'deep']) {
          expect(await getProject(name)).toEqual({ projectId: 0, inherit: false });
        }
        expect(await getQuota(handle.projectId)).toMatchObject({ usedInodes: 0, limitBytes: 0 });
      },
    );

    itWhen(expected.quota === 'project')('takes over no more than the limit', async () => {
      const path = await makeForeign();

      const adoption = fixture.kind.adoption?.adoptTree({ path, limitBytes: MIB }, NONE);

      await expect(adoption).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
    });

    itWhen(expected.quota === 'project')('frees the quota of a removed tree', async () => {
      const tree = await makeTree();
      const projectId = tree.handle.projectId ?? 0;

      await fixture.kind.removeTree(tree, NONE);

      // xfs gives the blocks of removed files back in the background.
      await expect
        .poll(async () => await fixture.syscalls.getProjectQuota({ path: fixture.path, projectId }, NONE), {
          timeout: 20_000,
        })
        .toMatchObject({ usedBytes: 0, usedInodes: 0, limitBytes: 0 });
    });

    itWhen(expected.quota === 'project')('stamps a root again whose project was changed', async () => {
      const tree = await makeTree();
      await fixture.syscalls.setProject({ path: tree.path, projectId: 0, inherit: false }, NONE);

      const found = await fixture.kind.verify({ ...tree, limitBytes: 16 * MIB }, NONE);

      expect(found).toHaveLength(1);
      expect(await fixture.syscalls.getProject({ path: tree.path }, NONE)).toEqual({
        projectId: tree.handle.projectId,
        inherit: true,
      });
    });

    /** Whether this much more is refused. ext4 does not bind root, only the child that copies and holds no capability to override it. */
    async function isTooMuch(path: string, bytes: number): Promise<boolean> {
      const content = Buffer.alloc(bytes, 3);
      try {
        if (expected.isHard) {
          await writeFile(join(path, 'filler'), content, { flush: true });
          return false;
        }
        count += 1;
        const source = join(fixture.path, `filler-${count}`);
        await mkdir(source, { mode: 0o750 });
        await writeFile(join(source, 'filler'), content, { flush: true });
        await fixture.trees.copy({ source, target: path, reflink: 'auto' }, NONE);
        return false;
      } catch (error) {
        if (isErrno(error, 'ENOSPC', 'EDQUOT') || isDriverError(error, 'NO_ROOM')) return true;
        throw error;
      }
    }
  });
}
