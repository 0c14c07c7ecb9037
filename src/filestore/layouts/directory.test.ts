import { describe, expect, it } from 'vitest';
import { unusable } from '../../../test/support/unusable.ts';
import type { Host } from '../../host/host.ts';
import type { MountEntry } from '../../host/mountinfo.ts';
import type { QuotaKind } from '../../host/quotas/quota.ts';
import type { Kept, SnapshotRecord } from '../records.ts';
import { createDirectoryLayout } from './directory.ts';

type Copying = QuotaKind['copying'];

const kept: Kept = { layout: 'directory', quota: 'none' };
const source = { kind: 'volume', id: 'a', family: 'a', path: '/pool/data', kept, capacityBytes: 1 } as const;
const job = { signal: new AbortController().signal, report: () => undefined };
const mount: MountEntry = {
  mountId: 2,
  parentId: 1,
  majorMinor: '0:1',
  root: '/data',
  mountPoint: '/pods/a',
  options: ['rw'],
  fsType: 'ext4',
  source: '/dev/vda',
  superOptions: ['rw'],
};

/** A layout whose volumes are mounted on this machine or not, and may be used by others. */
function openLayout(copying: Copying, { isMounted = false, mayBeUsedElsewhere = false }) {
  const quota = unusable<QuotaKind>('quota', {
    name: 'none',
    copying,
    copyTree: async () => await Promise.resolve({ quota: 'none' }),
  });
  const host = unusable<Host>('host', {
    mounts: unusable<Host['mounts']>('mounts', {
      listOf: async () => await Promise.resolve(isMounted ? [mount] : []),
      listBelow: async () => await Promise.resolve([]),
    }),
    syscalls: unusable<Host['syscalls']>('syscalls', { syncFileSystem: async () => await Promise.resolve() }),
    trees: unusable<Host['trees']>('trees', {
      measure: async () => await Promise.resolve({ usedBytes: 1, usedInodes: 1 }),
    }),
  });
  return createDirectoryLayout({ host, quota, mayBeUsedElsewhere });
}

describe('a snapshot of a tree', () => {
  it.each<[string, Copying, Parameters<typeof openLayout>[1], SnapshotRecord['consistency']]>([
    ['nobody uses', 'plain', {}, 'unmounted'],
    ['this machine has mounted', 'plain', { isMounted: true }, 'per-file'],
    ['this machine has mounted, where copies are instant', 'instant', { isMounted: true }, 'crash'],
    ['other machines may use unseen', 'reflink', { mayBeUsedElsewhere: true }, 'per-file'],
    [
      'other machines may use unseen, where copies are instant',
      'instant',
      { mayBeUsedElsewhere: true },
      'crash',
    ],
  ])('that %s (%s)', async (_, copying, use, expected) => {
    const layout = openLayout(copying, use);

    const { consistency } = await layout.cut('/pool/staged', source, job);

    expect(consistency).toBe(expected);
  });
});
