import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unusable } from '../../../test/support/unusable.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { SystemCallError } from '../../host/errno.ts';
import type { Host } from '../../host/host.ts';
import type { Kept } from '../records.ts';
import { createImageLayout } from './image.ts';

const { signal } = new AbortController();
const full = new SystemCallError({ code: 'ENOSPC', errno: 28, syscall: 'fallocate', message: 'full' });
const kept: Kept = {
  layout: 'image',
  accessType: 'block',
  sectorSizeBytes: 512,
  preallocated: true,
  identityPending: false,
};

describe('an image that grows', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-image-'));
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  it('is as it was when its disk has no room for more', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, '');
    await truncate(path, 4096);
    const syscalls = unusable<Host['syscalls']>('syscalls', { allocate: () => Promise.reject(full) });
    const host = unusable<Host>('host', { syscalls });
    const layout = createImageLayout({ host, locks: new KeyedLock(), isInstant: true, sectorSizeBytes: 512 });

    await expect(layout.grow({ path, kept }, 1024 ** 2, signal)).rejects.toBe(full);

    expect((await stat(path)).size).toBe(4096);
  });

  it('has its blocks before its size, so that a call that was killed is repeated wholly', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, '');
    await truncate(path, 4096);
    const sizes: number[] = [];
    const syscalls = unusable<Host['syscalls']>('syscalls', {
      async allocate(call) {
        expect(call).toMatchObject({ offset: 4096, length: 1024 ** 2 - 4096, keepSize: true });
        sizes.push((await stat(path)).size);
      },
    });
    const host = unusable<Host>('host', { syscalls });
    const layout = createImageLayout({ host, locks: new KeyedLock(), isInstant: true, sectorSizeBytes: 512 });

    await layout.grow({ path, kept }, 1024 ** 2, signal);

    expect(sizes).toEqual([4096]);
    expect((await stat(path)).size).toBe(1024 ** 2);
  });

  it('is not made smaller where others may have made it larger meanwhile', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, '');
    await truncate(path, 4096);
    const syscalls = unusable<Host['syscalls']>('syscalls', {
      async allocate({ offset, length }) {
        expect(offset + length).toBe(8192);
        await truncate(path, 16_384);
      },
    });
    const host = unusable<Host>('host', { syscalls });
    const rest = { locks: new KeyedLock(), isInstant: true, sectorSizeBytes: 512 };
    const layout = createImageLayout({ host, ...rest, isShared: true });
    const plain = { path, kept: { ...kept, preallocated: false } };

    await layout.grow(plain, 8192, signal);
    expect((await stat(path)).size).toBe(16_384);
    await layout.grow(plain, 8192, signal);
    expect((await stat(path)).size).toBe(16_384);
  });

  it('keeps what others gave it when there is no room for more', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, '');
    const syscalls = unusable<Host['syscalls']>('syscalls', {
      async allocate() {
        await truncate(path, 16_384);
        throw full;
      },
    });
    const host = unusable<Host>('host', { syscalls });
    const rest = { locks: new KeyedLock(), isInstant: true, sectorSizeBytes: 512 };
    const layout = createImageLayout({ host, ...rest, isShared: true });

    await expect(layout.grow({ path, kept }, 1024 ** 2, signal)).rejects.toBe(full);
    expect((await stat(path)).size).toBe(16_384);
  });

  it('grows also where blocks cannot be allocated', async () => {
    const path = join(directory, 'disk.img');
    await writeFile(path, '');
    const none = new SystemCallError({ code: 'EOPNOTSUPP', errno: 95, syscall: 'fallocate', message: 'no' });
    const syscalls = unusable<Host['syscalls']>('syscalls', { allocate: () => Promise.reject(none) });
    const host = unusable<Host>('host', { syscalls });
    const rest = { locks: new KeyedLock(), isInstant: true, sectorSizeBytes: 512 };
    const layout = createImageLayout({ host, ...rest, isShared: true });

    await layout.grow({ path, kept: { ...kept, preallocated: false } }, 8192, signal);
    expect((await stat(path)).size).toBe(8192);
  });
});
