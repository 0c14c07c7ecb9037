import { access, mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreateVolumeRequest, FileStore, LocalFileStore } from '../../src/filestore/file-store.ts';
import type { VolumeRecord } from '../../src/filestore/records.ts';
import { toStagingName } from '../../src/filestore/staging-names.ts';
import { createPlainQuota } from '../../src/host/quotas/index.ts';
import type { QuotaKind } from '../../src/host/quotas/quota.ts';
import { MiB, toRequest, untilDone } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { skipsRootTests } from '../support/scratch.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { SharedScene } from '../support/shared-scene.ts';
import { openWorker } from '../support/shared-workers.ts';

const signal = AbortSignal.timeout(600_000);
const YEAR_MS = 365 * 86_400_000;
const FACTOR = 300;
const ALL = { maxEntries: 0, startingToken: undefined };
const directory = { layout: 'directory', quota: 'none' } as const;

/** Everything that work in progress and removed volumes leave; nobody has to be told to clear it away. */
async function expectNothingLeft({ paths }: LocalStoreFixture): Promise<void> {
  for (const path of [paths.staging, paths.leases, paths.trash])
    await expect.poll(() => readdir(path), { timeout: 30_000 }).toEqual([]);
}

describe.skipIf(skipsRootTests())('two nodes that work on one pool', () => {
  let fixture: LocalStoreFixture;
  let one: LocalFileStore;
  let other: LocalFileStore;
  let steps: Map<string, () => Promise<void>>;
  beforeEach(async () => {
    steps = new Map();
    const onStep = async (step: string): Promise<void> => {
      const work = steps.get(step);
      steps.delete(step);
      await work?.();
    };
    const clock = createFastClock({ factor: FACTOR });
    fixture = await makeLocalStore({ type: 'ext4', sizeBytes: 512 * MiB }, { isShared: true, clock });
    one = await fixture.reopen({ onStep });
    const random = createSeededRandom('calm');
    const skewed = createFastClock({ factor: FACTOR, skewMs: -YEAR_MS });
    const worker = { nodeName: 'node-2', clock: skewed, random, lossProbability: 0 };
    other = (await openWorker(fixture, worker)).store;
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  const create = (store: FileStore, name: string, changes: Partial<CreateVolumeRequest> = {}) =>
    untilDone(() => store.createVolume(toRequest(name, { ...directory, ...changes }), signal));

  it('see at once what the other one does', async () => {
    const volume = await create(one, 'a');
    expect(await other.findVolume({ id: volume.id }, signal)).toEqual(volume);
    expect((await create(other, 'a')).id).toBe(volume.id);
    expect((await other.listVolumes(ALL, signal)).entries).toEqual([volume]);

    const range = { requiredBytes: 32 * MiB, limitBytes: undefined };
    await other.expandVolume({ id: volume.id, range }, signal);
    expect(await one.findVolumeByName({ name: 'a' }, signal)).toMatchObject({ capacityBytes: 32 * MiB });

    await other.deleteVolume({ id: volume.id }, signal);
    expect(await one.findVolume({ id: volume.id }, signal)).toBeUndefined();
    expect((await one.listVolumes(ALL, signal)).entries).toEqual([]);
    await expect(one.getUsage({ id: volume.id }, signal)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
    expect((await create(one, 'a')).id).not.toBe(volume.id);
    expect((await one.getHealth(signal)).concat(await other.getHealth(signal))).toEqual([]);
    await expectNothingLeft(fixture);
  });

  it('make one volume of a name, which both return', async () => {
    const winner = Promise.withResolvers<VolumeRecord>();
    steps.set('record-written', async () => winner.resolve(await create(other, 'a')));

    const volume = await create(one, 'a');

    expect(volume).toEqual(await winner.promise);
    expect(await readdir(fixture.paths.volumes)).toHaveLength(1);
    await expectNothingLeft(fixture);
  });

  it('refuse a volume of that name that is made otherwise at the same moment', async () => {
    steps.set('record-written', async () => void (await create(other, 'a', { askedParameters: { x: 'y' } })));

    await expect(create(one, 'a')).rejects.toMatchObject({ code: 'VOLUME_INCOMPATIBLE' });
    await expectNothingLeft(fixture);
  });

  it('do not answer that a volume exists which the other one has removed meanwhile', async () => {
    steps.set('renamed', async () => {
      const volume = await other.findVolumeByName({ name: 'a' }, signal);
      await other.deleteVolume({ id: volume?.id ?? '' }, signal);
    });

    await expect(one.createVolume(toRequest('a', directory), signal)).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
    });
    await expectNothingLeft(fixture);
  });

  it('never make a volume or snapshot of what was removed while it was copied', async () => {
    const plain = createPlainQuota(fixture.host, { copying: 'plain' });
    // Whoever empties a tree that is copied lets the copy end early, without an error.
    const quota: QuotaKind = {
      ...plain,
      async copyTree(call, own) {
        const handle = await plain.copyTree(call, own);
        const source = await other.findVolumeByName({ name: 'source' }, signal);
        await other.deleteVolume({ id: source?.id ?? '' }, signal);
        return handle;
      },
    };
    one = await fixture.reopen({ quota });
    const source = await create(one, 'source');
    const from = { source: { kind: 'volume', id: source.id } } as const;
    await expect(create(one, 'clone', from)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });

    const { id: sourceVolumeId } = await create(one, 'source');
    const request = { name: 'snapshot', sourceVolumeId };
    await expect(one.createSnapshot(request, signal)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });

    expect([await readdir(fixture.paths.volumes), await readdir(fixture.paths.snapshots)]).toEqual([[], []]);
    await expectNothingLeft(fixture);
  });

  it('do not send the whole of what was removed while it was read', async () => {
    const volume = await create(one, 'source');
    const snapshot = await untilDone(() =>
      one.createSnapshot({ name: 'sent', sourceVolumeId: volume.id }, signal),
    );
    const target = { nodeName: 'n', poolId: 'zzzzzzzz', volumeName: 'v' };
    await using content = await one.openContent(
      { source: { kind: 'snapshot', id: snapshot.id }, target },
      signal,
    );
    const read = async (): Promise<void> => {
      for await (const _ of content.read(0, signal)) await other.deleteSnapshot({ id: snapshot.id }, signal);
    };

    await expect(read()).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' });
  });

  it('copy once what both are asked to copy, until the one that does has died', async () => {
    const source = await create(one, 'source');
    const from = { source: { kind: 'volume', id: source.id } } as const;
    const [hash = ''] = (await create(one, 'clone', from)).id.split('-').slice(1);
    const { id } = await create(one, 'clone', from);
    await one.deleteVolume({ id }, signal);
    // What a node leaves that dies in the middle of it.
    await mkdir(join(fixture.paths.staging, toStagingName('volume', 'dead', { hash })));

    await expect(
      one.createVolume(toRequest('clone', { ...directory, ...from }), signal),
    ).rejects.toMatchObject({ code: 'OPERATION_PENDING', message: expect.stringContaining('another node') });
    expect((await create(one, 'clone', from)).name).toBe('clone');
    await expectNothingLeft(fixture);
  });

  it('leave no quota trial and no lock behind, and limit no directory', async () => {
    expect(one.abilities.quota).toBe('none');
    await expect(access(fixture.paths.lock)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(create(one, 'limited', { quota: 'required' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('say quota: none'),
    });
    await expectNothingLeft(fixture);
  });

  it('make and remove the links of claims together', async () => {
    const claim = { namespace: 'shop', name: 'data' };
    const volume = await create(one, 'claimed', { claim });
    await create(other, 'claimed', { claim });
    const link = join(fixture.paths.byClaim, 'shop', 'data');
    expect(await readlink(link)).toContain('volumes');

    await other.deleteVolume({ id: volume.id }, signal);

    await expect(readlink(link)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const CLIENTS = 4;
const CALLS = 40;

/** Four clients that call two nodes, one of which dies again and again, over a network that loses answers. */
describe.skipIf(skipsRootTests())('nodes that die and whose answers get lost', () => {
  it.each([1, 2, 3, 4])('keep what they have answered (seed %i)', async (seed) => {
    const random = createSeededRandom('shared', seed);
    const clock = createFastClock({ factor: FACTOR });
    await using fixture = await makeLocalStore(
      { type: 'ext4', sizeBytes: 2048 * MiB },
      { isShared: true, clock },
    );
    const scene = new SharedScene(fixture, random);
    await scene.openWorkers();

    await Promise.all(Array.from({ length: CLIENTS }, () => scene.runClient(CALLS)));

    expect(await scene.listBroken()).toEqual([]);
    await expectNothingLeft(fixture);
  });
});
