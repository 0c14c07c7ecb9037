import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MiB, toRequest } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { skipsRootTests } from '../support/scratch.ts';

const signal = AbortSignal.timeout(600_000);

describe.skipIf(skipsRootTests())('volumes that are kept when they are deleted', () => {
  let fixture: LocalStoreFixture;
  beforeAll(async () => {
    fixture = await makeLocalStore({ type: 'btrfs', sizeBytes: 1024 * MiB });
  });
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  it('hold what they held, and are gone from the pool', async () => {
    const { store, paths } = fixture;
    const { id } = await store.createVolume(toRequest('kept', { onDelete: 'retain' }), signal);
    const { path } = await store.locate({ id }, signal);
    await writeFile(join(path, 'file'), 'kept');
    const before = await store.getRoom(signal);

    await store.deleteVolume({ id }, signal);
    await store.deleteVolume({ id }, signal);

    expect(await readFile(join(paths.setAside.retain, id, 'data', 'file'), 'utf8')).toBe('kept');
    expect(await store.findVolume({ id }, signal)).toBeUndefined();
    expect((await store.getRoom(signal)).promisedBytes).toBeLessThan(before.promisedBytes);
    const again = await store.createVolume(toRequest('kept'), signal);
    expect(again.id).not.toBe(id);
    await store.deleteVolume({ id: again.id }, signal);
    expect(await readdir(paths.setAside.retain)).toEqual([id]);
  });
});
