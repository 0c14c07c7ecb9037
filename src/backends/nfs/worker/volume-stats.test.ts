import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unusable } from '../../../../test/support/unusable.ts';
import { createStorePaths } from '../../../filestore/paths.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import type { Host } from '../../../host/host.ts';
import { UsageScans } from './usage-scans.ts';
import { getVolumeStats } from './volume-stats.ts';

const { signal } = new AbortController();
const HASH = 'abcdefghijklmnopqrstuvwxyz';
const ID = `aaaaaaaa-${HASH}-bbbbbbbb`;
const USE = {
  type: 0x6969,
  readOnly: false,
  totalBytes: 1000,
  freeBytes: 600,
  availableBytes: 500,
  totalInodes: 0,
  freeInodes: 0,
};
const RECORD: VolumeRecord = {
  formatVersion: 1,
  id: ID,
  name: 'pvc-1',
  capacityBytes: 100,
  kept: { layout: 'directory', quota: 'none' },
  asked: { parameters: {}, accessType: 'mount', fsType: undefined },
  source: undefined,
  owner: {},
  nonce: 'n',
  createdAt: new Date(0).toISOString(),
};

describe('the use of a volume that no quota limits', () => {
  let root: string;
  let tree: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stowage-stats-'));
    const directory = createStorePaths(root).objectDirectory('volume', HASH);
    tree = join(directory, 'data');
    await mkdir(tree, { recursive: true });
    await writeFile(join(directory, 'volume.json'), JSON.stringify(RECORD));
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  /** What is counted has to be there. Before that, `meanwhile` happens. */
  function openWork(meanwhile: () => Promise<void> = async () => await Promise.resolve()) {
    const counted: string[] = [];
    const scans = new UsageScans(async (path) => {
      await meanwhile();
      await stat(path);
      counted.push(path);
      return { usedBytes: 30, usedInodes: 3 };
    });
    const syscalls = unusable<Host['syscalls']>('syscalls', {
      statfs: async () => await Promise.resolve(USE),
    });
    const host = unusable<Host>('host', { syscalls });
    const order = { volumeId: ID, path: '/pods/a/mount', root };
    return { counted, ask: async () => await getVolumeStats({ host, scans }, order, signal) };
  }

  it('is counted where its pool is mounted, since its pods may have gone by then', async () => {
    const { counted, ask } = openWork();

    expect(await ask()).toEqual({ bytes: { total: 100, used: 30, available: 70 } });
    expect(await ask()).toEqual({ bytes: { total: 100, used: 30, available: 70 } });
    expect(counted).toEqual([tree]);
  });

  it('is not counted as nothing when its pool has been unmounted meanwhile', async () => {
    const { ask } = openWork(async () => await rm(join(root, 'volumes'), { recursive: true }));

    await expect(ask()).rejects.toThrow('ENOENT');
  });
});
