import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriverError } from '../../src/domain/errors.ts';
import type { CreateVolumeRequest, FileStore } from '../../src/filestore/file-store.ts';
import type { SnapshotRecord } from '../../src/filestore/records.ts';
import { toRequest } from '../support/volume-request.ts';

export { toRequest };

export const MiB = 1024 ** 2;

/** What a suite runs against: a fresh store with at least 3 GiB of room, and how to open it again after a restart. */
export interface FileStoreFixture extends AsyncDisposable {
  readonly store: FileStore;
  reopen(): Promise<FileStore>;
}

export interface FileStoreSuite {
  readonly name: string;
  /** The layout that the suite asks for where a test does not need another. */
  readonly layout: 'directory' | 'image';
  readonly quota: 'required' | 'none';
  /** Of a snapshot of a volume that nobody uses. Default: unmounted. */
  readonly consistency?: SnapshotRecord['consistency'];
  readonly createStore: () => Promise<FileStoreFixture>;
}

/** Repeats a call while it answers that the work goes on, as a sidecar does. */
export async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof DriverError) || error.code !== 'OPERATION_PENDING') throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** What every FileStore promises, whatever is below it. */
export function describeFileStore(suite: FileStoreSuite): void {
  describe(`FileStore contract: ${suite.name}`, () => {
    const signal = AbortSignal.timeout(600_000);
    let fixture: FileStoreFixture;
    let store: FileStore;
    beforeAll(async () => {
      fixture = await suite.createStore();
      store = fixture.store;
    });
    afterAll(async () => {
      await fixture?.[Symbol.asyncDispose]();
    });

    const kind = { layout: suite.layout, quota: suite.quota } as const;
    const request = (name: string, changes: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest =>
      toRequest(name, { ...kind, fsType: 'ext4', ...changes });
    const create = (name: string, changes: Partial<CreateVolumeRequest> = {}) =>
      untilDone(() => store.createVolume(request(name, changes), signal));
    const cut = (name: string, sourceVolumeId: string) =>
      untilDone(() => store.createSnapshot({ name, sourceVolumeId }, signal));
    const remove = (id: string) => store.deleteVolume({ id }, signal);

    it('finds a volume by id and by name once it is made', async () => {
      const volume = await create('found');

      expect(volume.id).toMatch(new RegExp(`^${store.poolId}-[a-z2-7]{26}-[a-z2-7]{8}$`));
      expect(volume.capacityBytes).toBe(16 * MiB);
      expect(await store.findVolume({ id: volume.id }, signal)).toEqual(volume);
      expect(await store.findVolumeByName({ name: 'found' }, signal)).toEqual(volume);
      await remove(volume.id);
    });

    it('gives the same volume for the same request, one after the other and at once', async () => {
      const first = await create('same');
      const again = await Promise.all([create('same'), create('same'), create('same')]);

      expect(again.map((volume) => volume.id)).toEqual([first.id, first.id, first.id]);
      await remove(first.id);
    });

    it('makes one volume out of many requests for a new name at once', async () => {
      const volumes = await Promise.all(Array.from({ length: 8 }, () => create('at-once')));

      expect(new Set(volumes.map((volume) => volume.id)).size).toBe(1);
      await remove(volumes[0]?.id ?? '');
    });

    it.each([
      ['size', { range: { requiredBytes: 32 * MiB, limitBytes: undefined } }, /size of 16777216/],
      ['limit', { range: { requiredBytes: undefined, limitBytes: 8 * MiB } }, /size of 16777216/],
      ['file system', { fsType: 'xfs' }, /file system/],
      ['parameters', { askedParameters: { pool: 'other' } }, /parameter pool/],
    ] as const)('refuses an existing name with another %s', async (_, changes, reason) => {
      const volume = await create('taken');

      await expect(create('taken', changes)).rejects.toMatchObject({
        code: 'VOLUME_INCOMPATIBLE',
        message: expect.stringMatching(reason),
      });
      await remove(volume.id);
    });

    it('takes a size within the range of an existing volume as the same', async () => {
      const volume = await create('ranged');
      const range = { requiredBytes: 8 * MiB, limitBytes: 64 * MiB };

      expect((await create('ranged', { range })).id).toBe(volume.id);
      await remove(volume.id);
    });

    it('rounds a size up to whole blocks, within the limit', async () => {
      const range = { requiredBytes: 16 * MiB + 1, limitBytes: 17 * MiB };
      const volume = await create('rounded', { range });

      expect(volume.capacityBytes).toBe(16 * MiB + 4096);
      await expect(
        create('unround', { range: { requiredBytes: 16 * MiB + 1, limitBytes: 16 * MiB + 2 } }),
      ).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
      await remove(volume.id);
    });

    it('gives 1 GiB when nothing is asked', async () => {
      const volume = await create('unsized', { range: undefined });

      expect(volume.capacityBytes).toBe(1024 * MiB);
      await remove(volume.id);
    });

    it.each([
      '',
      'nonsense',
      '../../etc',
      'aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbbb-cccccccc',
      'a'.repeat(10_000),
      'é\0',
    ])('knows no volume %j, and deletes it without complaint', async (id) => {
      expect(await store.findVolume({ id }, signal)).toBeUndefined();
      await expect(remove(id)).resolves.toBeUndefined();
      await expect(store.getUsage({ id }, signal)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
      await expect(store.getVolumeHealth({ id }, signal)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
      await expect(
        store.expandVolume({ id, range: { requiredBytes: MiB, limitBytes: undefined } }, signal),
      ).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
      await expect(cut('of-nothing', id)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
      await expect(create('from-nothing', { source: { kind: 'volume', id } })).rejects.toMatchObject({
        code: 'VOLUME_NOT_FOUND',
      });
      await expect(create('from-nothing', { source: { kind: 'snapshot', id } })).rejects.toMatchObject({
        code: 'SNAPSHOT_NOT_FOUND',
      });
    });

    it('takes another generation of a name for another volume', async () => {
      const first = await create('generations');
      await remove(first.id);
      const second = await create('generations');

      expect(second.id).not.toBe(first.id);
      expect(second.id.slice(0, -8)).toBe(first.id.slice(0, -8));
      await remove(first.id);
      expect(await store.findVolume({ id: first.id }, signal)).toBeUndefined();
      expect(await store.findVolume({ id: second.id }, signal)).toEqual(second);
      await remove(second.id);
    });

    it('deletes a volume twice', async () => {
      const volume = await create('twice');
      await Promise.all([remove(volume.id), remove(volume.id)]);
      await remove(volume.id);

      expect(await store.findVolume({ id: volume.id }, signal)).toBeUndefined();
      expect(await store.findVolumeByName({ name: 'twice' }, signal)).toBeUndefined();
    });

    it('raises a size, repeats it, and never lowers it', async () => {
      const { id } = await create('grown');
      const range = { requiredBytes: 24 * MiB, limitBytes: undefined };

      expect((await store.expandVolume({ id, range }, signal)).capacityBytes).toBe(24 * MiB);
      expect((await store.expandVolume({ id, range }, signal)).capacityBytes).toBe(24 * MiB);
      const less = { requiredBytes: 4 * MiB, limitBytes: undefined };
      expect((await store.expandVolume({ id, range: less }, signal)).capacityBytes).toBe(24 * MiB);
      const below = { requiredBytes: undefined, limitBytes: 20 * MiB };
      await expect(store.expandVolume({ id, range: below }, signal)).rejects.toMatchObject({
        code: 'SIZE_OUT_OF_RANGE',
      });
      expect((await store.getUsage({ id }, signal)).capacityBytes).toBe(24 * MiB);
      await remove(id);
    });

    it('pages volumes by id, and goes on after a token whose volume is gone', async () => {
      const made = await Promise.all(['p1', 'p2', 'p3', 'p4', 'p5'].map((name) => create(name)));
      const ids = made.map((volume) => volume.id).sort();

      const first = await store.listVolumes({ maxEntries: 2, startingToken: undefined }, signal);
      expect(first.entries.map((volume) => volume.id)).toEqual(ids.slice(0, 2));
      expect(first.nextToken).toBeDefined();
      await remove(ids[1] ?? '');
      const rest = await store.listVolumes({ maxEntries: 0, startingToken: first.nextToken }, signal);
      expect(rest.entries.map((volume) => volume.id)).toEqual(ids.slice(2));
      expect(rest.nextToken).toBeUndefined();
      const exact = await store.listVolumes({ maxEntries: 4, startingToken: undefined }, signal);
      expect(exact.nextToken).toBeUndefined();
      await Promise.all(ids.map((id) => remove(id)));
    });

    it.each(['nonsense', '0', '../x'])('does not know the token %j', async (startingToken) => {
      const page = { maxEntries: 1, startingToken };
      await expect(store.listVolumes(page, signal)).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
      await expect(store.listSnapshots({ ...page, sourceVolumeId: undefined }, signal)).rejects.toMatchObject(
        { code: 'TOKEN_UNKNOWN' },
      );
    });

    it('cuts a snapshot once for a name, and outlives its source', async () => {
      const volume = await create('cut');
      const snapshot = await cut('snap', volume.id);

      expect(snapshot).toMatchObject({
        sourceVolumeId: volume.id,
        sizeBytes: 16 * MiB,
        consistency: suite.consistency ?? 'unmounted',
      });
      expect(snapshot.id).toMatch(/^s/);
      await remove(volume.id);
      expect((await cut('snap', volume.id)).id).toBe(snapshot.id);
      expect(await store.findSnapshot({ id: snapshot.id }, signal)).toEqual(snapshot);
      expect(await store.findSnapshotByName({ name: 'snap' }, signal)).toEqual(snapshot);
      const restored = await create('restored', { source: { kind: 'snapshot', id: snapshot.id } });
      expect(restored.kept.layout).toBe(suite.layout);
      await store.deleteSnapshot({ id: snapshot.id }, signal);
      await store.deleteSnapshot({ id: snapshot.id }, signal);
      expect(await store.findSnapshot({ id: snapshot.id }, signal)).toBeUndefined();
      await remove(restored.id);
    });

    it('refuses a snapshot name that is taken by another source', async () => {
      const [one, other] = [await create('source-1'), await create('source-2')];
      const snapshot = await cut('taken-snap', one.id);

      await expect(cut('taken-snap', other.id)).rejects.toMatchObject({ code: 'SNAPSHOT_INCOMPATIBLE' });
      await store.deleteSnapshot({ id: snapshot.id }, signal);
      await Promise.all([remove(one.id), remove(other.id)]);
    });

    it('lists snapshots, of one source if asked', async () => {
      const [one, other] = [await create('listed-1'), await create('listed-2')];
      const mine = [await cut('l1', one.id), await cut('l2', one.id)].map((snapshot) => snapshot.id).sort();
      const foreign = await cut('l3', other.id);
      const all = { maxEntries: 0, startingToken: undefined };

      const ofOne = await store.listSnapshots({ ...all, sourceVolumeId: one.id }, signal);
      expect(ofOne.entries.map((snapshot) => snapshot.id)).toEqual(mine);
      const first = await store.listSnapshots({ ...all, maxEntries: 1, sourceVolumeId: one.id }, signal);
      expect(first.entries.map((snapshot) => snapshot.id)).toEqual(mine.slice(0, 1));
      expect(first.nextToken).toBeDefined();
      const everything = await store.listSnapshots({ ...all, sourceVolumeId: undefined }, signal);
      expect(everything.entries).toHaveLength(3);
      expect((await store.listSnapshots({ ...all, sourceVolumeId: 'unknown' }, signal)).entries).toEqual([]);
      for (const id of [...mine, foreign.id]) await store.deleteSnapshot({ id }, signal);
      await Promise.all([remove(one.id), remove(other.id)]);
    });

    it('makes a volume from another, larger if asked, never smaller', async () => {
      const source = await create('clone-source');
      const from = { source: { kind: 'volume', id: source.id } } as const;

      const same = await create('clone', { ...from, range: undefined });
      expect(same).toMatchObject({ capacityBytes: 16 * MiB, source: from.source });
      const larger = await create('larger', {
        ...from,
        range: { requiredBytes: 20 * MiB, limitBytes: undefined },
      });
      expect(larger.capacityBytes).toBe(20 * MiB);
      await expect(
        create('smaller', { ...from, range: { requiredBytes: 8 * MiB, limitBytes: undefined } }),
      ).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
      await expect(
        create('limited', { ...from, range: { requiredBytes: undefined, limitBytes: 8 * MiB } }),
      ).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
      await expect(create('clone')).rejects.toMatchObject({ code: 'VOLUME_INCOMPATIBLE' });
      await Promise.all([source, same, larger].map((volume) => remove(volume.id)));
    });

    it('refuses a layout that the source does not have', async () => {
      const source = await create('layout-source');
      const layout = suite.layout === 'image' ? 'directory' : 'image';

      await expect(
        create('other-layout', { layout, source: { kind: 'volume', id: source.id } }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('layout') });
      await remove(source.id);
    });

    it('makes raw block volumes as images, and never as directories', async () => {
      const volume = await create('raw', { accessType: 'block', fsType: undefined, layout: 'auto' });

      expect(volume.kept).toMatchObject({ layout: 'image', accessType: 'block' });
      await expect(
        create('raw-tree', { accessType: 'block', fsType: undefined, layout: 'directory' }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await remove(volume.id);
    });

    it('says how small an image may be for its file system', async () => {
      await expect(
        create('tiny', {
          layout: 'image',
          fsType: 'xfs',
          range: { requiredBytes: 16 * MiB, limitBytes: undefined },
        }),
      ).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE', message: expect.stringMatching(/at least \d+/) });
    });

    it('promises no more than there is, not even to two at once', async () => {
      const before = await store.getRoom(signal);
      const half = Math.floor((before.availableBytes * 0.6) / 4096) * 4096;
      const range = { requiredBytes: half, limitBytes: undefined };

      const outcomes = await Promise.allSettled([create('half-1', { range }), create('half-2', { range })]);
      const made = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(made).toHaveLength(1);
      expect(refused[0]?.reason).toMatchObject({
        code: 'NO_ROOM',
        message: expect.stringContaining(`${half}`),
      });
      const [volume] = made.map((outcome) => outcome.value);
      expect((await store.getRoom(signal)).promisedBytes).toBe(before.promisedBytes + half);
      await expect(
        store.expandVolume(
          { id: volume?.id ?? '', range: { requiredBytes: 2 * half, limitBytes: undefined } },
          signal,
        ),
      ).rejects.toMatchObject({ code: 'NO_ROOM' });
      await remove(volume?.id ?? '');
      expect((await store.getRoom(signal)).promisedBytes).toBe(before.promisedBytes);
    });

    it('is healthy, and so is an empty volume', async () => {
      const volume = await create('healthy');

      expect(await store.getHealth(signal)).toEqual([]);
      expect(await store.getVolumeHealth({ id: volume.id }, signal)).toEqual([]);
      await remove(volume.id);
    });

    it('knows everything again after a restart, promises included', async () => {
      const volume = await create('kept', { askedParameters: { pool: 'x' } });
      const snapshot = await cut('kept-snap', volume.id);
      const room = await store.getRoom(signal);

      store = await fixture.reopen();

      expect(await store.findVolume({ id: volume.id }, signal)).toEqual(volume);
      expect((await store.listVolumes({ maxEntries: 0, startingToken: undefined }, signal)).entries).toEqual([
        volume,
      ]);
      expect(await store.findSnapshot({ id: snapshot.id }, signal)).toEqual(snapshot);
      expect((await create('kept', { askedParameters: { pool: 'x' } })).id).toBe(volume.id);
      expect((await store.getRoom(signal)).promisedBytes).toBe(room.promisedBytes);
      await remove(volume.id);
      await store.deleteSnapshot({ id: snapshot.id }, signal);
    });

    it('ends with its caller only the wait', async () => {
      const caller = new AbortController();
      const wait = store.createVolume(request('left'), caller.signal);
      caller.abort(new Error('the caller left'));

      await expect(wait).rejects.toThrow('the caller left');
      const volume = await create('left');
      expect(volume.name).toBe('left');
      await remove(volume.id);
    });
  });
}
