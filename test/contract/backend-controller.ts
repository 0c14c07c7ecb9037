import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SnapshotsFacet } from '../../src/backends/backend.ts';
import type { TopologyRequirement } from '../../src/domain/topology.ts';
import type { BackendFixture, BackendVariant } from './backend.ts';
import { FOREIGN_IDS, signal, toCreateOptions, toSnapshotOptions, untilDone } from './backend-volumes.ts';

/** No place of any backend. */
const ELSEWHERE: TopologyRequirement = { requisite: [{ 'topology.example.com/rack': 'x' }], preferred: [] };

/** The controller half's part of the contract. */
export function describeControllerBackend(variant: BackendVariant): void {
  describe('controller', () => {
    let fixture: BackendFixture;
    beforeAll(async () => {
      fixture = await variant.setup();
    });
    afterAll(async () => await fixture[Symbol.asyncDispose]());
    const create = async (overrides: Parameters<typeof toCreateOptions>[1] = {}) => {
      const options = toCreateOptions(variant, overrides);
      return await untilDone(() => fixture.controller.createVolume(options, signal));
    };
    const remove = async (id: string) =>
      await untilDone(() => fixture.controller.deleteVolume({ volumeId: id }, signal));
    const snapshots = (): SnapshotsFacet => {
      const facet = fixture.controller.snapshots;
      if (facet === undefined) throw new Error('the backend has no snapshots');
      return facet;
    };

    test('a repeated CreateVolume answers with the same volume', async () => {
      const first = await create({ name: 'twice' });
      const second = await create({ name: 'twice' });

      expect(second).toEqual(first);
      expect(first.capacityBytes).toBe(variant.sizeBytes);
      await remove(first.id);
    });

    test('the same name with another size is incompatible', async () => {
      const { id } = await create({ name: 'exact' });
      const requiredBytes = variant.sizeBytes * 2;

      await expect(
        create({ name: 'exact', range: { requiredBytes, limitBytes: requiredBytes } }),
      ).rejects.toMatchObject({ code: 'VOLUME_INCOMPATIBLE' });
      await remove(id);
    });

    test('identical calls at the same time make one volume', async () => {
      const made = await Promise.all([1, 2, 3, 4].map(async () => await create({ name: 'at once' })));

      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      await remove(made[0]?.id ?? '');
    });

    test('a volume of the name of a deleted one is another', async () => {
      const first = await create({ name: 'again' });
      await remove(first.id);
      const second = await create({ name: 'again' });

      expect(second.id).not.toBe(first.id);
      await remove(first.id);
      await expect(fixture.controller.getVolume({ volumeId: second.id }, signal)).resolves.toEqual(second);
      await remove(second.id);
    });

    test.each([
      ['unknown', { unknown: 'x' }, /unknown/],
      ['misspelt', { poool: 'x' }, /pool/],
    ])('an %s parameter is refused by name', async (_, extra, message) => {
      const parameters = { ...variant.parameters, ...extra };

      const call = create({ parameters });

      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(call).rejects.toThrow(message);
    });

    test('a source that does not exist is not found', async () => {
      const id = 'abcdefgh-abcdefghijklmnopqrstuvwxyz-abcdefgh';

      await expect(create({ source: { kind: 'volume', id } })).rejects.toMatchObject({
        code: 'VOLUME_NOT_FOUND',
      });
      await expect(create({ source: { kind: 'snapshot', id: `s${id}` } })).rejects.toMatchObject({
        code: 'SNAPSHOT_NOT_FOUND',
      });
    });

    test.each(FOREIGN_IDS)('id %j is unknown, not malformed', async (volumeId) => {
      const { controller } = fixture;
      const notFound = { code: 'VOLUME_NOT_FOUND' };

      await expect(controller.deleteVolume({ volumeId }, signal)).resolves.toBeUndefined();
      await expect(controller.getVolume({ volumeId }, signal)).rejects.toMatchObject(notFound);
      const range = { requiredBytes: variant.sizeBytes * 2, limitBytes: undefined };
      await expect(controller.expansion?.expandVolume({ volumeId, range }, signal)).rejects.toMatchObject(
        notFound,
      );
      await expect(
        snapshots().createSnapshot(toSnapshotOptions('s', volumeId), signal),
      ).rejects.toMatchObject(notFound);
      await expect(
        controller.findObjection({ volumeId, capabilities: [], parameters: {} }, signal),
      ).rejects.toMatchObject(notFound);
      await expect(controller.health?.getVolumeHealth({ volumeId }, signal)).rejects.toMatchObject(notFound);
      await expect(snapshots().deleteSnapshot({ snapshotId: volumeId }, signal)).resolves.toBeUndefined();
      await expect(snapshots().getSnapshot({ snapshotId: volumeId }, signal)).rejects.toMatchObject({
        code: 'SNAPSHOT_NOT_FOUND',
      });
    });

    test('pages are ordered by id and outlive the deletion of what their token names', async () => {
      const ids: string[] = [];
      for (let index = 0; index < 5; index += 1) ids.push((await create()).id);
      ids.sort();

      const first = await fixture.controller.listVolumes({ maxEntries: 2, startingToken: undefined }, signal);
      await remove(ids[1] ?? '');
      const second = await fixture.controller.listVolumes(
        { maxEntries: 2, startingToken: first.nextToken },
        signal,
      );
      const third = await fixture.controller.listVolumes(
        { maxEntries: 0, startingToken: second.nextToken },
        signal,
      );

      const listed = [first, second, third].map(({ entries }) => entries.map(({ id }) => id));
      expect(listed).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
      expect(third.nextToken).toBeUndefined();
      for (const id of ids) await remove(id);
    });

    test('a page that ends with the last volume has no token', async () => {
      const { id } = await create();

      const page = await fixture.controller.listVolumes({ maxEntries: 1, startingToken: undefined }, signal);

      expect(page).toMatchObject({ entries: [{ id }], nextToken: undefined });
      await remove(id);
    });

    test.each(['invalid-token', '../x', ''])(
      'token %j is one that nobody gave out',
      async (startingToken) => {
        const unknown = { code: 'TOKEN_UNKNOWN' };

        await expect(
          fixture.controller.listVolumes({ maxEntries: 0, startingToken }, signal),
        ).rejects.toMatchObject(unknown);
        const all = { maxEntries: 0, startingToken, snapshotId: undefined, sourceVolumeId: undefined };
        await expect(snapshots().listSnapshots(all, signal)).rejects.toMatchObject(unknown);
      },
    );

    test('a volume grows and never shrinks', async () => {
      const { id } = await create();
      const expand = async (requiredBytes: number) =>
        await fixture.controller.expansion?.expandVolume(
          { volumeId: id, range: { requiredBytes, limitBytes: undefined } },
          signal,
        );

      await expect(expand(variant.sizeBytes * 2)).resolves.toMatchObject({
        capacityBytes: variant.sizeBytes * 2,
      });
      await expect(expand(variant.sizeBytes)).resolves.toMatchObject({
        capacityBytes: variant.sizeBytes * 2,
      });
      await remove(id);
    });

    test('snapshots are found by name, id and source, and live on without their source', async () => {
      const source = await create();
      const other = await create();
      const cut = async (name: string, sourceVolumeId: string) =>
        await untilDone(() => snapshots().createSnapshot(toSnapshotOptions(name, sourceVolumeId), signal));

      const snapshot = await cut('snap', source.id);

      await expect(cut('snap', source.id)).resolves.toEqual(snapshot);
      await expect(cut('snap', other.id)).rejects.toMatchObject({ code: 'SNAPSHOT_INCOMPATIBLE' });
      const list = async (filter: { snapshotId?: string; sourceVolumeId?: string }) =>
        await snapshots().listSnapshots(
          {
            maxEntries: 0,
            startingToken: undefined,
            snapshotId: undefined,
            sourceVolumeId: undefined,
            ...filter,
          },
          signal,
        );
      await expect(list({ snapshotId: snapshot.id })).resolves.toMatchObject({ entries: [snapshot] });
      await expect(list({ sourceVolumeId: source.id })).resolves.toMatchObject({ entries: [snapshot] });
      await expect(list({ sourceVolumeId: other.id })).resolves.toMatchObject({ entries: [] });
      await expect(list({ sourceVolumeId: 'nonsense' })).resolves.toMatchObject({ entries: [] });
      await remove(source.id);
      await expect(snapshots().getSnapshot({ snapshotId: snapshot.id }, signal)).resolves.toEqual(snapshot);
      await expect(cut('snap', source.id)).resolves.toEqual(snapshot);
      const restored = await create({ source: { kind: 'snapshot', id: snapshot.id } });
      expect(restored.source).toEqual({ kind: 'snapshot', id: snapshot.id });
      await snapshots().deleteSnapshot({ snapshotId: snapshot.id }, signal);
      await remove(restored.id);
      await remove(other.id);
    });

    test('a snapshot is where its source is, and nowhere else', async ({ skip }) => {
      skip(!fixture.controller.hasTopology, 'its volumes have no place');
      const source = await create();
      const place = { requisite: source.accessibleTopology, preferred: [] };
      const cut = async (name: string, topology: TopologyRequirement) =>
        await untilDone(() =>
          snapshots().createSnapshot({ ...toSnapshotOptions(name, source.id), topology }, signal),
        );
      const noRoom = { code: 'NO_ROOM', message: expect.stringMatching(/\w+ \w+.*\./) };

      const filter = { snapshotId: undefined, sourceVolumeId: source.id };

      const snapshot = await cut('placed', place);

      expect(snapshot.accessibleTopology).toEqual(source.accessibleTopology);
      await expect(snapshots().getSnapshot({ snapshotId: snapshot.id }, signal)).resolves.toEqual(snapshot);
      await expect(cut('placed', ELSEWHERE)).rejects.toMatchObject(noRoom);
      await expect(cut('misplaced', ELSEWHERE)).rejects.toMatchObject(noRoom);
      await expect(
        snapshots().listSnapshots({ maxEntries: 0, startingToken: undefined, ...filter }, signal),
      ).resolves.toMatchObject({ entries: [snapshot] });
      await snapshots().deleteSnapshot({ snapshotId: snapshot.id }, signal);
      await remove(source.id);
    });

    test('a clone names its source and is at least as large', async () => {
      const source = await create();

      const clone = await create({ source: { kind: 'volume', id: source.id } });
      const smaller = create({
        source: { kind: 'volume', id: source.id },
        range: { requiredBytes: variant.sizeBytes / 2, limitBytes: variant.sizeBytes / 2 },
      });

      expect(clone).toMatchObject({
        source: { kind: 'volume', id: source.id },
        capacityBytes: variant.sizeBytes,
      });
      await expect(smaller).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
      await remove(source.id);
      await remove(clone.id);
    });

    test('more than there is room for is refused', async () => {
      await expect(
        create({ range: { requiredBytes: 2 ** 52, limitBytes: undefined } }),
      ).rejects.toMatchObject({ code: 'NO_ROOM' });
    });

    test('capacity is what a volume may ask for', async () => {
      const measure = async (parameters: Readonly<Record<string, string>>) =>
        await fixture.controller.capacity?.getCapacity(
          { capabilities: [], parameters, topology: undefined },
          signal,
        );

      const before = await measure(variant.parameters);
      const { id } = await create();
      const after = await measure({});

      expect(after?.availableBytes).toBeLessThan(before?.availableBytes ?? 0);
      await expect(measure({ unknown: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await remove(id);
    });

    test('a new volume is healthy and its use is confirmed', async () => {
      const { id } = await create();
      const { controller } = fixture;
      const capabilities = toCreateOptions(variant).capabilities;
      const wrong =
        variant.access.kind === 'block'
          ? ({ kind: 'mount', fsType: undefined, mountFlags: [] } as const)
          : ({ kind: 'block' } as const);

      await expect(controller.health?.getVolumeHealth({ volumeId: id }, signal)).resolves.toEqual({
        volumeId: id,
        statuses: [],
      });
      await expect(
        controller.health?.listVolumeHealth({ maxEntries: 0, startingToken: undefined }, signal),
      ).resolves.toMatchObject({ entries: [{ volumeId: id, statuses: [] }] });
      await expect(
        controller.findObjection({ volumeId: id, capabilities, parameters: variant.parameters }, signal),
      ).resolves.toBeUndefined();
      const object = async (): Promise<string | undefined> => {
        const asked = [{ access: wrong, mode: 'SINGLE_NODE_WRITER' }] as const;
        try {
          controller.checkCapabilities(asked);
        } catch (error) {
          return error instanceof Error ? error.message : undefined;
        }
        return await controller.findObjection({ volumeId: id, capabilities: asked, parameters: {} }, signal);
      };
      await expect(object()).resolves.toMatch(/access|device/);
      await remove(id);
    });
  });
}
