import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import type { VolumeRecord } from '../../src/filestore/records.ts';
import { MiB, toRequest, untilDone } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { toLocalContent } from '../support/content-path.ts';
import { type ScratchType, skipsRootTests } from '../support/scratch.ts';

const VICTIM = new URL('./filestore-victim.ts', import.meta.url).pathname;
const BUILD_STEPS = ['staged', 'content-made', 'record-written', 'renamed', 'committed'];
const DEATHS = [
  ...(['create', 'clone', 'receive', 'snapshot'] as const).flatMap((operation) =>
    BUILD_STEPS.map((step) => [operation, step] as const),
  ),
  ['receive', 'cut-staged'],
  ['receive', 'cut-made'],
  ['expand', 'grown'],
  ['delete', 'discarded'],
  ['delete', 'removal-synced'],
] as const;

const EFFECTS = {
  create: 'made',
  clone: 'content',
  receive: 'content',
  snapshot: 'content',
  expand: 24 * MiB,
  delete: undefined,
} as const;

const POOLS: readonly (readonly [ScratchType, 'directory' | 'image', 'own' | 'shared'])[] = [
  ['btrfs', 'directory', 'own'],
  ['xfs', 'image', 'own'],
  ['ext4', 'directory', 'shared'],
  ['xfs', 'image', 'shared'],
];

/** Where nodes share a pool, a record is changed under a lease. */
const LEASE_DEATHS = [
  ['expand', 'lease-taken'],
  ['expand', 'record-replaced'],
] as const;

describe.skipIf(skipsRootTests()).each(POOLS)(
  'a store on %s with layout %s (%s) that is killed',
  (type, layout, sharing) => {
    const isShared = sharing === 'shared';
    const quota = isShared && layout === 'directory' ? 'none' : 'required';
    // The leases of those who die have to run out.
    const clock = isShared ? createFastClock({ factor: 300 }) : systemClock;
    const signal = AbortSignal.timeout(600_000);
    let fixture: LocalStoreFixture;
    beforeAll(async () => {
      fixture = await makeLocalStore({ type, sizeBytes: 1024 * MiB }, { isShared, clock });
    });
    afterAll(async () => {
      await fixture?.[Symbol.asyncDispose]();
    });

    it.each([...DEATHS, ...(isShared ? LEASE_DEATHS : [])])(
      'during %s after step %s leaves nothing half, and the call can be repeated',
      async (operation, step) => {
        const source = await fixture.store.createVolume(toRequest('source', { layout, quota }), signal);
        await writeContent(source);

        expect(await die(operation, step)).toBe('SIGKILL');
        const store = await fixture.reopen({ contents: toLocalContent(() => fixture.store) });

        await expectWhole(store);
        expect(await repeat(store, operation, source)).toBe(EFFECTS[operation]);
        await expectWhole(store);
        await removeAll(store);
        // The cut that was read is kept for a while, for a reader that comes back.
        if (operation === 'receive') await fixture.reopen();
        await expectNothingLeft();
      },
    );

    async function writeContent(source: VolumeRecord): Promise<void> {
      const { path } = await fixture.store.locate({ id: source.id }, signal);
      if (layout === 'directory') await writeFile(join(path, 'file'), 'content', { flush: true });
      else await writeFile(path, 'content', { flag: 'r+', flush: true });
    }

    async function readContent(store: LocalFileStore, id: string): Promise<string> {
      const { path } = await store.locate({ id }, signal);
      if (layout === 'directory') return await readFile(join(path, 'file'), 'utf8');
      return (await readFile(path)).toString('utf8', 0, 7);
    }

    async function die(operation: string, step: string): Promise<string | null> {
      const argv = [
        VICTIM,
        fixture.paths.root,
        join(fixture.scratch.path, '..', 'run'),
        operation,
        step,
        sharing,
      ];
      return await new Promise((resolve) => {
        const victim = execFile(process.execPath, argv, (_error, _stdout, stderr) => {
          resolve(victim.signalCode ?? stderr);
        });
      });
    }

    /** Whatever has its final name has a record that can be read, and content of its size. */
    async function expectWhole(store: LocalFileStore): Promise<void> {
      const { entries } = await store.listVolumes({ maxEntries: 0, startingToken: undefined }, signal);
      expect(await readdir(fixture.paths.volumes)).toHaveLength(entries.length);
      const snapshots = await store.listSnapshots(
        { maxEntries: 0, startingToken: undefined, sourceVolumeId: undefined },
        signal,
      );
      expect(await readdir(fixture.paths.snapshots)).toHaveLength(snapshots.entries.length);
      for (const volume of entries) {
        // An expansion that was not answered leaves a higher limit, which is reported and taken back.
        const health = await store.getVolumeHealth({ id: volume.id }, signal);
        expect(health.filter(({ reason }) => reason !== 'LimitNotHeld')).toEqual([]);
      }
      expect(await store.getHealth(signal)).toEqual([]);
    }

    /** Repeats the call, and says what can be seen of its effect. */
    async function repeat(store: LocalFileStore, operation: string, source: VolumeRecord): Promise<unknown> {
      const from = { source: { kind: 'volume', id: source.id } } as const;
      switch (operation) {
        case 'create':
          return (await store.createVolume(toRequest('made', { layout, quota }), signal)).name;
        case 'clone': {
          const { id } = await untilDone(() =>
            store.createVolume(toRequest('made', { layout, quota, ...from }), signal),
          );
          return await readContent(store, id);
        }
        case 'receive': {
          // The other store is this one, under the name of another.
          const origin = { nodeName: 'node-1', poolId: 'zzzzzzzz', address: undefined, ticket: undefined };
          const asked = toRequest('made', { layout, quota, ...from, origin });
          const { id } = await untilDone(() => store.createVolume(asked, signal));
          return await readContent(store, id);
        }
        case 'snapshot': {
          const request = { name: 'made', sourceVolumeId: source.id };
          const { id } = await untilDone(() => store.createSnapshot(request, signal));
          const restored = toRequest('restored', { layout, quota, source: { kind: 'snapshot', id } });
          return await readContent(store, (await store.createVolume(restored, signal)).id);
        }
        case 'expand': {
          const range = { requiredBytes: 24 * MiB, limitBytes: undefined };
          return (await store.expandVolume({ id: source.id, range }, signal)).capacityBytes;
        }
        default:
          await store.deleteVolume({ id: source.id }, signal);
          return await store.findVolume({ id: source.id }, signal);
      }
    }

    async function removeAll(store: LocalFileStore): Promise<void> {
      const all = { maxEntries: 0, startingToken: undefined };
      for (const { id } of (await store.listVolumes(all, signal)).entries)
        await store.deleteVolume({ id }, signal);
      const snapshots = await store.listSnapshots({ ...all, sourceVolumeId: undefined }, signal);
      for (const { id } of snapshots.entries) await store.deleteSnapshot({ id }, signal);
    }

    async function expectNothingLeft(): Promise<void> {
      const { staging, trash, leases, volumes, snapshots } = fixture.paths;
      for (const path of [volumes, snapshots]) expect(await readdir(path)).toEqual([]);
      for (const path of isShared ? [staging, leases] : [])
        await expect.poll(() => readdir(path), { timeout: 20_000 }).toEqual([]);
      expect(await readdir(staging)).toEqual([]);
      await expect.poll(() => readdir(trash), { timeout: 20_000 }).toEqual([]);
    }
  },
);
