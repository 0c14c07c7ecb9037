import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from 'node:zlib';
import { DriverError } from '../../src/domain/errors.ts';
import {
  type ContentOrigins,
  type ContentSources,
  localOrigins,
} from '../../src/filestore/content/content.ts';
import type { CreateVolumeRequest, LocalFileStore } from '../../src/filestore/file-store.ts';
import type { VolumeRecord } from '../../src/filestore/records.ts';
import {
  createContentPath,
  type ContentPath,
  type Mischief,
  toLocalContent,
} from '../support/content-path.ts';
import { MiB, toRequest, untilDone } from './file-store.ts';
import type { LocalStoreFixture } from './file-store-local.ts';
import type { OpenStoreOptions } from '../../src/filestore/open-store.ts';

/** A pair of stores, and the kind of content that goes from one to the other. */
export interface ContentSuite {
  readonly name: string;
  readonly request: Partial<CreateVolumeRequest>;
  readonly createSource: () => Promise<LocalStoreFixture>;
  readonly createTarget: (options: Partial<OpenStoreOptions>) => Promise<LocalStoreFixture>;
  /** How content gets from one to the other. Default: within this process. */
  readonly openWay?: (source: () => LocalFileStore) => Promise<ContentWay>;
  /** Fills a volume with some MiB that are worth a comparison. */
  readonly write: (path: string) => Promise<void>;
  /** What is at a path, as text: equal for equal content. */
  readonly describe: (path: string) => Promise<string>;
}

/** A way for content, and what a controller says of it. */
export interface ContentWay extends AsyncDisposable {
  readonly sources: ContentSources;
  readonly origins: ContentOrigins;
}

/** What stores promise for volumes whose source is in another store. */
export function describeContentBetweenStores(suite: ContentSuite): void {
  describe(`content between stores: ${suite.name}`, () => {
    const signal = AbortSignal.timeout(600_000);
    let from: LocalStoreFixture;
    let to: LocalStoreFixture;
    let way: ContentWay;
    let path: ContentPath;
    let source: VolumeRecord;
    let snapshotId: string;
    let content: string;

    beforeAll(async () => {
      from = await suite.createSource();
      way = (await suite.openWay?.(() => from.store)) ?? {
        sources: toLocalContent(() => from.store),
        origins: localOrigins,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      path = createContentPath(way.sources);
      to = await suite.createTarget({ contents: path });
      source = await untilDone(() => from.store.createVolume(request('source'), signal));
      const place = await from.store.locate({ id: source.id }, signal);
      await suite.write(place.path);
      content = await suite.describe(place.path);
      const cut = { name: 'cut', sourceVolumeId: source.id };
      snapshotId = (await untilDone(() => from.store.createSnapshot(cut, signal))).id;
    });
    afterAll(async () => {
      await to?.[Symbol.asyncDispose]();
      await way?.[Symbol.asyncDispose]();
      await from?.[Symbol.asyncDispose]();
    });
    afterEach(() => {
      path.mischief = {};
    });

    const request = (name: string, changes: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest =>
      toRequest(name, {
        range: { requiredBytes: 64 * MiB, limitBytes: undefined },
        ...suite.request,
        ...changes,
      });
    const restoring = (name: string, changes: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest => {
      const asked = { kind: 'snapshot', id: snapshotId } as const;
      const wanted = changes.source ?? asked;
      const origin = way.origins.createOrigin({
        source: wanted,
        from: { nodeName: 'node-1', poolId: from.store.poolId },
        target: { nodeName: 'node-1', poolId: to.store.poolId, volumeName: name },
      });
      return request(name, { ...changes, source: wanted, origin });
    };
    const create = (asked: CreateVolumeRequest) => untilDone(() => to.store.createVolume(asked, signal));
    const read = async (id: string): Promise<string> =>
      await suite.describe((await to.store.locate({ id }, signal)).path);

    async function expectNothingLeft(name: string): Promise<void> {
      expect(await to.store.findVolumeByName({ name }, signal)).toBeUndefined();
      expect(await readdir(to.paths.staging)).toEqual([]);
      await expect.poll(() => readdir(to.paths.trash), { timeout: 20_000 }).toEqual([]);
    }

    it('a volume restored from a snapshot is equal to it, and on its own', async () => {
      const volume = await create(restoring('restored'));

      expect(await read(volume.id)).toBe(content);
      expect(volume).toMatchObject({
        capacityBytes: 64 * MiB,
        source: { kind: 'snapshot', id: snapshotId },
        kept: { layout: source.kept.layout },
      });
      expect(volume.family).toBeUndefined();
      expect(await to.store.getVolumeHealth({ id: volume.id }, signal)).toEqual([]);
    });

    it('a request that is repeated with another ticket finds the same volume', async () => {
      const asked = restoring('twice');
      const first = await create(asked);
      const other = { nodeName: 'node-1', poolId: from.store.poolId, address: 'nowhere', ticket: 'another' };
      const again = await create({ ...asked, origin: other });

      expect(again).toEqual(first);
    });

    it('a clone of a volume is made from a cut that nobody sees and that is gone with the store', async () => {
      let during: unknown;
      path.mischief = {
        async onPart(part) {
          during ??= await from.store.listSnapshots(
            { maxEntries: 0, startingToken: undefined, sourceVolumeId: undefined },
            signal,
          );
          return part;
        },
      };

      const volume = await create(restoring('cloned', { source: { kind: 'volume', id: source.id } }));

      expect(await read(volume.id)).toBe(content);
      expect(during).toMatchObject({ entries: [{ id: snapshotId }] });
      expect(await readdir(from.paths.staging)).toHaveLength(1);
      await from.reopen();
      expect(await readdir(from.paths.staging)).toEqual([]);
    });

    it('a volume may be larger than its source, never smaller, and has its layout', async () => {
      const larger = await create(
        restoring('larger', { range: { requiredBytes: 96 * MiB, limitBytes: undefined } }),
      );

      expect(larger.capacityBytes).toBe(96 * MiB);
      expect(await read(larger.id)).toBe(content);
      const smaller = { range: { requiredBytes: 32 * MiB, limitBytes: undefined } };
      await expect(create(restoring('smaller', smaller))).rejects.toMatchObject({
        code: 'SIZE_OUT_OF_RANGE',
      });
      const layout = source.kept.layout === 'image' ? 'directory' : 'image';
      await expect(create(restoring('other', { layout }))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`layout has to be ${source.kept.layout} or auto`),
      });
    });

    it('an unknown source is not found', async () => {
      const unknown = snapshotId.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));

      await expect(
        create(restoring('from-nothing', { source: { kind: 'snapshot', id: unknown } })),
      ).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' });
    });

    it('a connection that is lost is taken up again where it was', async () => {
      path.mischief = afterPieces(2, () => {
        throw new DriverError('POOL_UNAVAILABLE', 'The connection is lost.');
      });
      const begun = path.beginnings.length;

      const volume = await create(restoring('resumed'));

      expect(path.beginnings.slice(begun)).toEqual([0, expect.any(Number)]);
      expect(path.beginnings.at(-1)).toBeGreaterThan(0);
      expect(await read(volume.id)).toBe(content);
    });

    it('a piece that arrives damaged is asked for again', async () => {
      path.mischief = afterPieces(2, (part) => ({ ...part, data: flip(part.data) }));
      const begun = path.beginnings.length;

      const volume = await create(restoring('repaired'));

      expect(path.beginnings.slice(begun)).toHaveLength(2);
      expect(await read(volume.id)).toBe(content);
    });

    it('content that differs from what its source sent is refused, and nothing of it left', async () => {
      path.mischief = afterPieces(2, (part) => {
        const data = flip(part.data);
        return { ...part, data, checksum: crc32(data) };
      });

      await expect(create(restoring('forged'))).rejects.toMatchObject({
        code: expect.stringMatching('INTERNAL|PRECONDITION_FAILED'),
      });

      await expectNothingLeft('forged');
    });

    it('a source that has other content by now is begun again, not gone on with', async () => {
      path.mischief = {
        ...afterPieces(2, () => {
          path.mischief = { onTag: () => 'another' };
          throw new DriverError('POOL_UNAVAILABLE', 'The connection is lost.');
        }),
      };

      await expect(to.store.createVolume(restoring('anew'), signal)).rejects.toMatchObject({
        code: 'OPERATION_PENDING',
        message: expect.stringContaining('begins again'),
      });

      path.mischief = {};
      expect(await read((await create(restoring('anew'))).id)).toBe(content);
    });

    it('an origin that was never reached is the caller’s to wait for', async () => {
      const unavailable = new DriverError('POOL_UNAVAILABLE', 'The agent is silent.');
      path.mischief = {
        onTag: () => {
          throw unavailable;
        },
      };

      await expect(to.store.createVolume(restoring('silent'), signal)).rejects.toBe(unavailable);
    });
  });
}

/** Does something to one piece, the `count`th from now on. */
function afterPieces(
  count: number,
  change: (part: {
    position: number;
    data: Buffer;
    checksum: number;
  }) => ReturnType<NonNullable<Mischief['onPart']>>,
): Mischief {
  let left = count;
  return {
    onPart(part) {
      if (!('data' in part)) return part;
      left -= 1;
      return left === -1 ? change(part) : part;
    },
  };
}

function flip(data: Buffer): Buffer {
  const copy = Buffer.from(data);
  copy[100] = (copy[100] ?? 0) ^ 1;
  return copy;
}
