import { open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDriverError } from '../../src/domain/errors.ts';
import { isErrno } from '../../src/host/errno.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { makeScratchFilesystem, type ScratchType, skipsRootTests } from '../support/scratch.ts';

const signal = new AbortController().signal;

describe.skipIf(skipsRootTests())('Syscalls', () => {
  let resources: AsyncDisposableStack;
  let syscalls: Syscalls;

  beforeEach(() => {
    resources = new AsyncDisposableStack();
    syscalls = resources.adopt(createSyscalls({ maximumWorkers: 2 }), (value) => value.close());
  });
  afterEach(() => resources.disposeAsync());

  async function makeScratch(type: ScratchType, sizeBytes: number) {
    return resources.use(await makeScratchFilesystem({ type, sizeBytes }));
  }

  it('clones a file on xfs, and says on ext4 that it cannot', async () => {
    const [xfs, ext4] = [await makeScratch('xfs', 320 << 20), await makeScratch('ext4', 64 << 20)];
    for (const { path } of [xfs, ext4]) {
      await writeFile(join(path, 'source'), 'x'.repeat(100_000));
      await writeFile(join(path, 'target'), '');
    }

    const clone = (path: string) =>
      syscalls.cloneFile({ source: join(path, 'source'), target: join(path, 'target') }, signal);
    await clone(xfs.path);

    expect(await readFile(join(xfs.path, 'target'), 'utf8')).toBe('x'.repeat(100_000));
    await expect(clone(ext4.path)).rejects.toSatisfy((error) => isErrno(error, 'EOPNOTSUPP'));
  });

  it('finds the data of a sparse file, copies a range of it, and makes blocks real', async () => {
    const { path } = await makeScratch('ext4', 64 << 20);
    const [source, target] = [join(path, 'source'), join(path, 'target')];
    await writeFile(source, '');
    await truncate(source, 1 << 20);
    const file = await open(source, 'r+');
    await file.write('data', 512 << 10);
    await file.close();
    await writeFile(target, '');

    const data = await syscalls.findData({ path: source, offset: 0 }, signal);
    const beyond = await syscalls.findData({ path: source, offset: 900_000 }, signal);
    const range = { source, target, offset: 512 << 10, length: 4 };
    const copied = await syscalls.copyRange(range, signal);
    await syscalls.allocate({ path: source, offset: 0, length: 2 << 20 }, signal);

    expect(data?.offset).toBe(512 << 10);
    expect(beyond).toBeUndefined();
    expect(copied).toEqual({ copiedBytes: 4 });
    expect((await readFile(target)).toString('utf8', 512 << 10)).toBe('data');
    expect(await stat(source)).toMatchObject({ size: 2 << 20 });
    expect((await stat(source)).blocks * 512).toBeGreaterThanOrEqual(2 << 20);
  });

  it.each(['ext4', 'xfs', 'btrfs'] as const)(
    'makes blocks beyond the end of a file real, which a truncation gives back (%s)',
    async (type) => {
      const { path } = await makeScratch(type, (type === 'xfs' ? 320 : 128) << 20);
      const file = join(path, 'file');
      await writeFile(file, Buffer.alloc(4096));

      await syscalls.allocate({ path: file, offset: 4096, length: 1 << 20, keepSize: true }, signal);
      const allocated = await stat(file);
      await truncate(file, 4096);
      await syscalls.syncFileSystem({ path: file }, signal);

      expect(allocated.size).toBe(4096);
      expect(allocated.blocks * 512).toBeGreaterThan(1 << 20);
      expect((await stat(file)).blocks * 512).toBeLessThan(64 << 10);
    },
  );

  it('says what a file system has', async () => {
    const { path } = await makeScratch('ext4', 64 << 20);

    const use = await syscalls.statfs({ path }, signal);

    expect(use).toMatchObject({ type: 0xef53, readOnly: false });
    expect(use.totalBytes).toBeGreaterThan(40 << 20);
    expect(use.totalBytes).toBeLessThan(64 << 20);
    expect(use.freeInodes).toBeLessThan(use.totalInodes);
  });

  it.each([
    ['xfs', 'growXfs'],
    ['btrfs', 'growBtrfs'],
  ] as const)('grows %s while it is mounted, and again without effect', async (type, grow) => {
    const { path, device, image } = await makeScratch(type, 320 << 20);
    const before = await syscalls.statfs({ path }, signal);

    await truncate(image, 640 << 20);
    await syscalls.resizeLoop({ device }, signal);
    await syscalls[grow]({ path, sizeBytes: 640 << 20 }, signal);
    const after = await syscalls.statfs({ path }, signal);
    await syscalls[grow]({ path, sizeBytes: 640 << 20 }, signal);

    expect(after.totalBytes - before.totalBytes).toBeGreaterThan(300 << 20);
    expect((await syscalls.statfs({ path }, signal)).totalBytes).toBe(after.totalBytes);
  });

  it('keeps the project id of a directory and its heirs', async () => {
    const { path } = await makeScratch('xfs', 320 << 20);

    await syscalls.setProject({ path, projectId: 4_000_000_001, inherit: true }, signal);
    await writeFile(join(path, 'heir'), '');

    expect(await syscalls.getProject({ path }, signal)).toEqual({ projectId: 4_000_000_001, inherit: true });
    const heir = await syscalls.getProject({ path: join(path, 'heir') }, signal);
    expect(heir).toEqual({ projectId: 4_000_000_001, inherit: false });
  });

  it('does not open a device that is in use exclusively', async () => {
    const { path, device } = await makeScratch('ext4', 64 << 20);

    const probing = syscalls.probeExclusive({ device }, signal);

    await expect(probing).rejects.toSatisfy((error) => isErrno(error, 'EBUSY'));
    await syscalls.unmount({ target: path }, signal);
    await syscalls.probeExclusive({ device }, signal);
    await syscalls.flushDevice({ device }, signal);
  });

  it('names the call and the error', async () => {
    const failure = await syscalls
      .unmount({ target: '/nowhere/at/all' }, signal)
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({
      name: 'SystemCallError',
      code: 'ENOENT',
      errno: 2,
      message: 'umount2(/nowhere/at/all) failed: ENOENT (No such file or directory).',
    });
  });

  it('goes on when calls hang, refuses to add one like them, and takes the workers back', async () => {
    const { path } = await makeScratch('ext4', 64 << 20);
    for (const name of ['one', 'two', 'three']) await writeFile(join(path, name), '');
    await syscalls.freeze({ path }, signal);
    await using thaw = new AsyncDisposableStack();
    const abort = new AbortController();
    const write = (name: string) =>
      syscalls.allocate({ path: join(path, name), offset: 0, length: 4096 }, abort.signal);

    // Two are in the pool's two workers, one in its queue. Then their callers leave.
    const hanging = Promise.allSettled(['one', 'two', 'three'].map((name) => write(name)));
    await waitForBlockedThreads(2);
    abort.abort(new Error('gave up'));
    const outcomes = await hanging;
    thaw.defer(() => syscalls.thaw({ path }, signal));

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(syscalls.countStuck()).toBe(2);
    expect(await syscalls.statfs({ path: '/' }, signal)).toMatchObject({ readOnly: false });
    const again = syscalls.allocate({ path: join(path, 'one'), offset: 0, length: 4096 }, signal);
    await expect(again).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));

    await thaw.disposeAsync();
    await expect.poll(() => syscalls.countStuck()).toBe(0);
    await syscalls.allocate({ path: join(path, 'one'), offset: 0, length: 8192 }, signal);
  });

  it('closes at once although a call hangs', async () => {
    const { path } = await makeScratch('ext4', 64 << 20);
    await writeFile(join(path, 'file'), '');
    await syscalls.freeze({ path }, signal);
    const other = createSyscalls();
    await using thaw = new AsyncDisposableStack();
    thaw.defer(() => syscalls.thaw({ path }, signal));

    const hanging = other.allocate({ path: join(path, 'file'), offset: 0, length: 4096 }, signal);
    const outcome = Promise.allSettled([hanging]);
    await waitForBlockedThreads(1);
    await other.close();

    expect(await outcome).toMatchObject([
      { reason: { message: expect.stringContaining('have been closed') } },
    ]);
    await expect(other.statfs({ path: '/' }, signal)).rejects.toThrow('have been closed');
  });
});

/** Threads of this process in state D: those whose call waits for the frozen file system. */
async function waitForBlockedThreads(count: number): Promise<void> {
  await expect.poll(async () => await countBlockedThreads()).toBe(count);
}

async function countBlockedThreads(): Promise<number> {
  const threads = await readdir('/proc/self/task');
  const states = await Promise.all(
    threads.map((id) => readFile(`/proc/self/task/${id}/stat`, 'utf8').catch(() => '')),
  );
  return states.filter((text) => text.includes(') D ')).length;
}
