import { execFile } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { KeyedLock } from '../../../src/base/keyed-lock.ts';
import type { LocalFileStore } from '../../../src/filestore/file-store.ts';
import { openLocalStore } from '../../../src/filestore/open-store.ts';
import { createStorePaths } from '../../../src/filestore/paths.ts';
import { ensurePoolMounted } from '../../../src/filestore/pool/mount-pool.ts';
import { ensurePoolRecord } from '../../../src/filestore/pool/pool-record-file.ts';
import { createFormatter, type Formatter, type FormatRequest } from '../../../src/host/formatter.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { toRequest } from '../../contract/file-store.ts';
import { type FlakyDisk, makeFlakyDisk } from './flaky-disk.ts';
import { createGuestHost, type GuestHost } from './guest-host.ts';

const exec = promisify(execFile);
const MI = 2 ** 20;
const NEVER = new AbortController().signal;

let host: GuestHost;
let disk: FlakyDisk;
let formatter: Formatter;
beforeEach(async () => {
  host = createGuestHost();
  disk = await makeFlakyDisk(512 * MI);
  formatter = createFormatter({ ...host, logger: silentLogger });
});
afterEach(async () => {
  await disk[Symbol.asyncDispose]();
  await host.close();
});

describe('the formatter and a disk with I/O errors', () => {
  const format = async (change: Partial<FormatRequest> = {}) =>
    await formatter.ensureFormatted(
      {
        device: disk.device,
        volumeId: 'volume-1',
        expectedSizeBytes: disk.sizeBytes,
        fsType: 'ext4',
        label: 'test',
        ...change,
      },
      NEVER,
    );

  it('does not take a disk that cannot be read for a blank one', async () => {
    await disk.fail('everything');

    await expect(format()).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('cannot be read'),
    });
  });

  it('finds the file system again when the disk is back, with what was in it', async () => {
    await format();
    await exec('mount', [disk.device, disk.mountPoint]);
    await writeFile(join(disk.mountPoint, 'file'), 'precious', { flush: true });
    await exec('umount', [disk.mountPoint]);
    await disk.fail('everything');
    await expect(format()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    await disk.heal();

    expect(await format()).toEqual({ made: false });
    await exec('mount', [disk.device, disk.mountPoint]);
    expect(await readFile(join(disk.mountPoint, 'file'), 'utf8')).toBe('precious');
  });

  it('fails when the disk takes no writes, and succeeds when it does again', async () => {
    await disk.fail('writes');
    await expect(format()).rejects.toThrow(/mkfs.ext4|EIO|I\/O error/);
    expect(await readSignature(disk.device)).toBe('');

    await disk.heal();

    expect(await format()).toEqual({ made: true });
    expect(await readSignature(disk.device)).toBe('ext4');
  });
});

describe('a pool on a disk with I/O errors', () => {
  const place = { name: 'flaky', overcommit: 1, lowWaterPercent: 5 };

  async function openPool(): Promise<LocalFileStore> {
    const path = disk.mountPoint;
    const xfs = host.filesystems.getFilesystem('xfs');
    const backing = { type: 'device', device: disk.device } as const;
    await ensurePoolMounted(
      { host, formatter, xfs },
      { place: { ...place, path, backing }, isKnown: false },
      NEVER,
    );
    const identity = { name: place.name, clusterId: 'c', clock: systemClock, knownPoolId: undefined };
    await ensurePoolRecord({ ...identity, paths: createStorePaths(path) });
    const environment = { host, clusterId: 'c', nodeName: 'n', locks: new KeyedLock(), clock: systemClock };
    return await openLocalStore({ ...environment, pool: { ...place, path }, logger: silentLogger }, NEVER);
  }

  it('is mounted with project quotas, on a disk of its own', async () => {
    const store = await openPool();

    expect(store.abilities).toEqual({
      quota: 'project',
      quotaIsHard: true,
      imageCopying: 'instant',
      treeCopying: 'reflink',
      fsType: 'xfs',
    });
    expect((await host.mounts.findAt(disk.mountPoint, NEVER))?.superOptions).toContain('prjquota');
    await store.close();
  });

  it('is reported as unreachable, and no volume of it as lost, until the disk is back', async () => {
    const store = await openPool();
    const volume = await store.createVolume(toRequest('kept', { layout: 'directory' }), NEVER);
    await host.syscalls.syncFileSystem({ path: disk.mountPoint }, NEVER);
    await disk.fail('everything');
    // xfs notices with its next write to the log, and shuts down.
    await expect(syncDirectory(disk.mountPoint)).rejects.toMatchObject({ code: 'EIO' });

    const asked = {
      health: await store.getHealth(NEVER).catch((error: unknown) => error),
      find: await store.findVolume({ id: volume.id }, NEVER).catch((error: unknown) => error),
      create: await store
        .createVolume(toRequest('new', { layout: 'directory' }), NEVER)
        .catch((error: unknown) => error),
      remove: await store.deleteVolume({ id: volume.id }, NEVER).catch((error: unknown) => error),
    };
    await store.close();

    expect(asked.health).toEqual([expect.objectContaining({ status: 'UNREACHABLE' })]);
    for (const answer of [asked.find, asked.create, asked.remove]) {
      expect(answer).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    }
    await disk.heal();
    await exec('umount', [disk.mountPoint]);
    const again = await openPool();
    expect(await again.findVolume({ id: volume.id }, NEVER)).toEqual(volume);
    await again.close();
  });
});

/** The type of the file system that blkid sees, past every cache. */
async function readSignature(device: string): Promise<string> {
  const { stdout } = await exec('blkid', [
    '--probe',
    '--match-tag',
    'TYPE',
    '--output',
    'value',
    device,
  ]).catch(() => ({ stdout: '' }));
  return stdout.trim();
}

async function syncDirectory(path: string): Promise<void> {
  await writeFile(join(path, 'touched'), 'x');
  await using directory = await open(path, 'r');
  await directory.sync();
}
