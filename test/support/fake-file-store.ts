import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DriverError } from '../../src/domain/errors.ts';
import { createObjectId, formatObjectId, parseObjectId } from '../../src/domain/ids.ts';
import type { Page, PageRequest } from '../../src/domain/volume.ts';
import { checkCompatible } from '../../src/filestore/compatibility.ts';
import type { ContentSources } from '../../src/filestore/content/content.ts';
import { ContentDigest } from '../../src/filestore/content/digest.ts';
import { noContentSources } from '../../src/filestore/content/no-sources.ts';
import type {
  CreateVolumeRequest,
  LocalFileStore,
  StoreAbilities,
  VolumeLocation,
} from '../../src/filestore/file-store.ts';
import type { SnapshotRecord, VolumeRecord } from '../../src/filestore/records.ts';
import { chooseCapacity, chooseExpandedCapacity } from '../../src/filestore/sizes.ts';

export interface FakeFileStoreOptions {
  readonly poolId: string;
  /** Where the data of volumes is made, really. Left out: it is not, and paths lead nowhere. */
  readonly root?: string;
  readonly totalBytes?: number;
  readonly abilities?: Partial<StoreAbilities>;
  /** The way to content of other stores. Left out: there is none. */
  readonly contents?: ContentSources;
  /** What the machine says; decides whether a volume may be deleted. */
  readonly isInUse?: (location: VolumeLocation) => Promise<boolean>;
}

/** A store whose records live in memory, and which can be made to fail. */
export interface FakeFileStore extends LocalFileStore {
  /** Every call fails with this from now on; undefined ends that. */
  failWith(error: Error | undefined): void;
}

const ABILITIES: StoreAbilities = {
  quota: 'qgroup',
  quotaIsHard: true,
  imageCopying: 'instant',
  treeCopying: 'instant',
  fsType: 'btrfs',
};

/** An honest FileStore in memory: the contract's rules without a disk. Content is not kept. */
export function createFakeFileStore(options: FakeFileStoreOptions): FakeFileStore {
  const { poolId, root = '/nowhere', totalBytes = 1024 ** 4 } = options;
  const abilities = { ...ABILITIES, ...options.abilities };
  const volumes = new Map<string, VolumeRecord>();
  const snapshots = new Map<string, SnapshotRecord>();
  let failure: Error | undefined;

  const enter = async (signal: AbortSignal): Promise<void> => {
    await Promise.resolve();
    signal.throwIfAborted();
    if (failure !== undefined) throw failure;
  };
  const findByName = <R extends { readonly name: string }>(
    all: Map<string, R>,
    name: string,
  ): R | undefined => [...all.values()].find((record) => record.name === name);
  const getVolume = (id: string): VolumeRecord => {
    const record = volumes.get(id);
    if (record === undefined) throw new DriverError('VOLUME_NOT_FOUND', `There is no volume ${id}.`);
    return record;
  };
  const locate = (record: VolumeRecord): VolumeLocation => {
    const content = record.kept.layout === 'directory' ? 'data' : 'disk.img';
    return { record, path: join(root, 'volumes', parseObjectId(record.id)?.hash ?? '', content) };
  };
  const room = () => {
    const promisedBytes = [...volumes.values()].reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
    const freeBytes = totalBytes - promisedBytes;
    return { totalBytes, freeBytes, promisedBytes, availableBytes: freeBytes };
  };
  const makeData = async ({ record, path }: VolumeLocation): Promise<void> => {
    if (options.root === undefined) return;
    await mkdir(record.kept.layout === 'directory' ? path : dirname(path), { recursive: true });
    if (record.kept.layout === 'image') await writeFile(path, '');
  };
  const findSource = (source: CreateVolumeRequest['source']) => {
    if (source === undefined) return undefined;
    if (source.kind === 'volume') {
      const volume = getVolume(source.id);
      return { sizeBytes: volume.capacityBytes, kept: volume.kept };
    }
    const snapshot = snapshots.get(source.id);
    if (snapshot !== undefined) return snapshot;
    throw new DriverError('SNAPSHOT_NOT_FOUND', `There is no snapshot ${source.id}.`);
  };

  const findElsewhere = async (request: CreateVolumeRequest, signal: AbortSignal) => {
    const { source, origin, name } = request;
    if (source === undefined || origin === undefined) return undefined;
    const target = { nodeName: 'fake', poolId, volumeName: name };
    const { contents = noContentSources } = options;
    await using content = await contents.openContent({ source, target, origin }, signal);
    return { sizeBytes: content.facts.capacityBytes, kept: content.facts.kept };
  };

  return {
    poolId,
    abilities,
    failWith(error) {
      failure = error;
    },

    async createVolume(request, signal) {
      await enter(signal);
      const existing = findByName(volumes, request.name);
      if (existing !== undefined) {
        checkCompatible(existing, request);
        return existing;
      }
      // Between the look at the name and the record nothing waits, unless it has to.
      const isHere = request.origin === undefined || request.origin.poolId === poolId;
      const source = isHere ? findSource(request.source) : await findElsewhere(request, signal);
      const kept = source === undefined ? chooseKept(request, abilities) : toClone(source.kept);
      checkKept(kept, request);
      const capacityBytes = chooseCapacity(request.range, {
        subject: `volume "${request.name}"`,
        ...minimumOf(source === undefined ? kept : undefined),
        sourceBytes: source?.sizeBytes ?? 0,
      });
      if (capacityBytes > room().availableBytes) {
        throw new DriverError('NO_ROOM', `Pool ${poolId} has no room for ${capacityBytes} bytes.`);
      }
      const record: VolumeRecord = {
        formatVersion: 1,
        id: formatObjectId(createObjectId('volume', { clusterId: 'fake', poolId }, request.name)),
        name: request.name,
        capacityBytes,
        kept,
        asked: {
          parameters: request.askedParameters,
          accessType: request.accessType,
          fsType: request.fsType,
        },
        source: request.source,
        owner: request.owner,
        claim: request.claim,
        nonce: 'fake',
        createdAt: new Date(0).toISOString(),
      };
      volumes.set(record.id, record);
      await makeData(locate(record));
      return record;
    },

    async deleteVolume({ id }, signal) {
      await enter(signal);
      const record = volumes.get(id);
      if (record === undefined) return;
      const location = locate(record);
      if (await options.isInUse?.(location)) {
        throw new DriverError('VOLUME_IN_USE', `Volume ${id} is in use.`);
      }
      volumes.delete(id);
      if (options.root !== undefined) await rm(dirname(location.path), { recursive: true, force: true });
    },

    async findVolume({ id }, signal) {
      await enter(signal);
      return volumes.get(id);
    },

    async findVolumeByName({ name }, signal) {
      await enter(signal);
      return findByName(volumes, name);
    },

    async listVolumes(request, signal) {
      await enter(signal);
      return toPage([...volumes.values()], request, 'volume');
    },

    async expandVolume({ id, range }, signal) {
      await enter(signal);
      const record = getVolume(id);
      const capacityBytes = chooseExpandedCapacity(range, record.capacityBytes, `volume ${id}`);
      if (capacityBytes - record.capacityBytes > room().availableBytes) {
        throw new DriverError('NO_ROOM', `Pool ${poolId} has no room for ${capacityBytes} bytes.`);
      }
      const grown = { ...record, capacityBytes };
      volumes.set(id, grown);
      return grown;
    },

    async createSnapshot({ name, sourceVolumeId }, signal) {
      await enter(signal);
      const existing = findByName(snapshots, name);
      if (existing !== undefined) {
        if (existing.sourceVolumeId === sourceVolumeId) return existing;
        throw new DriverError('SNAPSHOT_INCOMPATIBLE', `Snapshot ${name} is of another volume.`);
      }
      const source = getVolume(sourceVolumeId);
      const record: SnapshotRecord = {
        formatVersion: 1,
        id: formatObjectId(createObjectId('snapshot', { clusterId: 'fake', poolId }, name)),
        name,
        sourceVolumeId,
        sizeBytes: source.capacityBytes,
        heldBytes: 0,
        kept: source.kept,
        consistency: 'unmounted',
        nonce: 'fake',
        createdAt: new Date(0).toISOString(),
      };
      snapshots.set(record.id, record);
      return record;
    },

    async deleteSnapshot({ id }, signal) {
      await enter(signal);
      snapshots.delete(id);
    },

    async findSnapshot({ id }, signal) {
      await enter(signal);
      return snapshots.get(id);
    },

    async findSnapshotByName({ name }, signal) {
      await enter(signal);
      return findByName(snapshots, name);
    },

    async listSnapshots(request, signal) {
      await enter(signal);
      const { sourceVolumeId } = request;
      const all = [...snapshots.values()].filter(
        (record) => sourceVolumeId === undefined || record.sourceVolumeId === sourceVolumeId,
      );
      return toPage(all, request, 'snapshot');
    },

    async getRoom(signal) {
      await enter(signal);
      return room();
    },

    async getUsage({ id }, signal) {
      await enter(signal);
      return { capacityBytes: getVolume(id).capacityBytes, usedBytes: 4096, usedInodes: 1 };
    },

    async getVolumeHealth({ id }, signal) {
      await enter(signal);
      getVolume(id);
      return [];
    },

    async getHealth(signal) {
      await enter(signal);
      return [];
    },

    async locate({ id }, signal) {
      await enter(signal);
      return locate(getVolume(id));
    },

    async openContent({ source }, signal) {
      await enter(signal);
      const found = findSource(source);
      if (found === undefined) throw new Error('no source was asked for');
      const { kept, sizeBytes: capacityBytes } = found;
      return {
        facts: { tag: source.id, kept, capacityBytes, usedBytes: 0 },
        async *read() {
          yield await Promise.resolve({ digest: ContentDigest.create().finish() });
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },

    async markIdentityRenewed({ id }, signal) {
      await enter(signal);
      const record = getVolume(id);
      if (record.kept.layout !== 'image') return;
      volumes.set(id, { ...record, kept: { ...record.kept, identityPending: false } });
    },

    async markOwnerApplied({ id }, signal) {
      await enter(signal);
      const record = getVolume(id);
      if (record.kept.layout !== 'image') return;
      const { ownerPending: _, ...kept } = record.kept;
      volumes.set(id, { ...record, kept });
    },

    async close() {
      await Promise.resolve();
    },
  };
}

function chooseKept(request: CreateVolumeRequest, abilities: StoreAbilities): VolumeRecord['kept'] {
  const needsImage =
    request.layout === 'image' || request.accessType === 'block' || request.isolation === 'strict';
  if (request.layout === 'directory' || (!needsImage && abilities.quotaIsHard)) {
    return { layout: 'directory', quota: request.quota === 'none' ? 'none' : abilities.quota };
  }
  return {
    layout: 'image',
    accessType: request.accessType,
    fsType: request.accessType === 'mount' ? (request.fsType ?? 'ext4') : undefined,
    sectorSizeBytes: 512,
    preallocated: request.preallocate,
    identityPending: false,
  };
}

/** What a store that has disks refuses as well (src/filestore/plan-volume.ts). */
function checkKept(kept: VolumeRecord['kept'], request: CreateVolumeRequest): void {
  const { layout } = kept;
  if (request.layout !== 'auto' && request.layout !== layout) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `The volume cannot be made: layout has to be ${layout} or auto.`,
    );
  }
  if (layout === 'directory' && request.accessType === 'block') {
    throw new DriverError('INVALID_ARGUMENT', 'A raw block device needs layout image.');
  }
}

const MINIMUM_BYTES = { ext4: 16 * 1024 ** 2, xfs: 301 * 1024 ** 2, btrfs: 256 * 1024 ** 2 } as const;

function minimumOf(kept: VolumeRecord['kept'] | undefined): {
  readonly minimumBytes: number;
  readonly minimumReason: string;
} {
  if (kept?.layout !== 'image' || kept.fsType === undefined) return { minimumBytes: 0, minimumReason: '' };
  const minimumBytes = MINIMUM_BYTES[kept.fsType];
  return { minimumBytes, minimumReason: `${kept.fsType} needs at least ${minimumBytes}` };
}

/** Two btrfs of one identity cannot be mounted at once. */
function toClone(kept: VolumeRecord['kept']): VolumeRecord['kept'] {
  return kept.layout === 'image' ? { ...kept, identityPending: kept.fsType === 'btrfs' } : kept;
}

function toPage<R extends { readonly id: string }>(
  records: readonly R[],
  { maxEntries, startingToken }: PageRequest,
  kind: 'volume' | 'snapshot',
): Page<R> {
  if (startingToken !== undefined && parseObjectId(startingToken)?.kind !== kind) {
    throw new DriverError('TOKEN_UNKNOWN', 'The starting token is not one of ours.');
  }
  const after = records
    .filter(({ id }) => startingToken === undefined || id > startingToken)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const entries = maxEntries === 0 ? after : after.slice(0, maxEntries);
  return { entries, nextToken: entries.length < after.length ? entries.at(-1)?.id : undefined };
}
