import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MANAGEMENT_WORDS } from '../../../src/backends/nfs/worker/mount-places.ts';
import { describeFileStore, MiB } from '../../contract/file-store.ts';
import { type LocalStoreFixture, makeStoreOn } from '../../contract/file-store-local.ts';
import type { OpenStoreOptions } from '../../../src/filestore/open-store.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { createGuestClient } from '../../support/nfs/client.ts';
import { startNfsServer } from '../../support/nfs/server.ts';
import { makeScratchFilesystem } from '../../support/scratch.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { SharedScene } from '../../support/shared-scene.ts';

let mounts = 0;

/** The store of an agent of a node: on an export, mounted as agents mount it. Nothing here waits for a server that is gone. */
async function makeExportedStore(
  type: 'xfs' | 'ext4',
  overrides: Partial<OpenStoreOptions> = {},
): Promise<LocalStoreFixture> {
  await using undo = new AsyncDisposableStack();
  const disk = undo.use(await makeScratchFilesystem({ type, sizeBytes: 4608 * MiB }));
  const nfs = undo.use(await startNfsServer({ exports: [{ name: 'pool', directory: disk.path }] }));
  const client = await createGuestClient();
  mounts += 1;
  const path = `/mnt/store-${mounts}/fs`;
  await mkdir(path, { recursive: true });
  const options = ['vers=4.2', ...MANAGEMENT_WORDS];
  const address = nfs.machine.addresses.ipv4;
  await client.mount({ address, path: nfs.getPath('pool', '4.2'), mountPoint: path, options });
  undo.defer(async () => await client.detach(path));
  const kept = undo.move();
  return await makeStoreOn(
    { ...disk, path, [Symbol.asyncDispose]: () => kept.disposeAsync() },
    { isShared: true, ...overrides },
  );
}

describeFileStore({
  name: 'directories on an export of xfs, cloned by the server',
  layout: 'directory',
  quota: 'none',
  consistency: 'per-file',
  createStore: async () => await makeExportedStore('xfs'),
});

describeFileStore({
  name: 'directories on an export of ext4, copied by the server',
  layout: 'directory',
  quota: 'none',
  consistency: 'per-file',
  createStore: async () => await makeExportedStore('ext4'),
});

describe('two agents on one export', () => {
  it.each([1, 2])(
    'keep what they have answered, whatever answers are lost and whoever dies (seed %i)',
    async (seed) => {
      const clock = createFastClock({ factor: 300 });
      await using fixture = await makeExportedStore('xfs', { clock });
      const scene = new SharedScene(fixture, createSeededRandom('export', seed));
      await scene.openWorkers();

      await Promise.all(Array.from({ length: 4 }, async () => await scene.runClient(25)));

      expect(await scene.listBroken()).toEqual([]);
    },
    300_000,
  );
});
