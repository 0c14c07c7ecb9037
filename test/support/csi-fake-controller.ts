import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type {
  ControllerBackend,
  CreateSnapshotOptions,
  CreateVolumeOptions,
} from '../../src/backends/backend.ts';
import { parseParameters } from '../../src/backends/parameters.ts';
import type { VolumeCapability } from '../../src/domain/access.ts';
import { isWithin } from '../../src/domain/capacity.ts';
import { DriverError } from '../../src/domain/errors.ts';
import { isUsableFrom, type Topology, type TopologyRequirement } from '../../src/domain/topology.ts';
import type { ContentSource, Snapshot, Volume } from '../../src/domain/volume.ts';
import { type FakeSnapshot, type FakeStorage, type FakeVolume, toPage } from './csi-fake-storage.ts';

const FakeParameters = z.strictObject({ pool: z.literal('main').optional() });
const FakeSnapshotParameters = z.strictObject({});
const DEFAULT_BYTES = 2 ** 30;

/** Where all volumes of the fake are. */
export const FAKE_TOPOLOGY: Topology = { 'topology.fake.stowage.dev/node': 'node-a' };

/** The controller half of the fake backend, with every facet. */
export function createFakeController(storage: FakeStorage): ControllerBackend {
  return {
    hasTopology: true,
    checkCapabilities,
    createVolume: async (options) => toVolume(createVolume(storage, options)),
    async deleteVolume({ volumeId }) {
      if (storage.isInUse(volumeId))
        throw new DriverError('VOLUME_IN_USE', `Volume ${volumeId} is mounted. Unstage it first.`);
      storage.volumes.delete(volumeId);
    },
    getVolume: async ({ volumeId }) => toVolume(storage.getVolume(volumeId)),
    async listVolumes(request) {
      const page = toPage(storage.volumes.values(), request);
      return { ...page, entries: page.entries.map(toVolume) };
    },
    async findObjection({ volumeId, capabilities, parameters }) {
      const volume = storage.getVolume(volumeId);
      parseParameters(FakeParameters, parameters);
      const isOther = capabilities.some(({ access }) => access.kind !== volume.kind);
      return isOther ? `Volume ${volumeId} is for ${volume.kind} access.` : undefined;
    },
    expansion: {
      async expandVolume({ volumeId, range }) {
        const volume = storage.getVolume(volumeId);
        const wanted = Math.max(volume.capacityBytes, range.requiredBytes ?? 0);
        if (!isWithin(wanted, range))
          throw new DriverError('SIZE_OUT_OF_RANGE', `Volume ${volumeId} is larger than the limit.`);
        checkRoom(storage, wanted - volume.capacityBytes);
        volume.capacityBytes = wanted;
        return { capacityBytes: wanted, nodeExpansionRequired: true };
      },
    },
    snapshots: {
      createSnapshot: async (options) => toSnapshot(createSnapshot(storage, options)),
      async deleteSnapshot({ snapshotId }) {
        storage.snapshots.delete(snapshotId);
      },
      getSnapshot: async ({ snapshotId }) => toSnapshot(storage.getSnapshot(snapshotId)),
      async listSnapshots({ snapshotId, sourceVolumeId, ...request }) {
        const matching = [...storage.snapshots.values()].filter(
          (snapshot) =>
            (snapshotId === undefined || snapshot.id === snapshotId) &&
            (sourceVolumeId === undefined || snapshot.sourceVolumeId === sourceVolumeId),
        );
        const page = toPage(matching, request);
        return { ...page, entries: page.entries.map(toSnapshot) };
      },
    },
    cloning: { supported: true },
    capacity: {
      async getCapacity({ parameters, topology }) {
        parseParameters(FakeParameters, parameters);
        const availableBytes =
          topology === undefined || isUsableFrom([FAKE_TOPOLOGY], [topology]) ? storage.availableBytes : 0;
        return { availableBytes, maximumVolumeBytes: availableBytes, minimumVolumeBytes: undefined };
      },
    },
    health: {
      getVolumeHealth: async ({ volumeId }) => ({ volumeId: storage.getVolume(volumeId).id, statuses: [] }),
      async listVolumeHealth(request) {
        const page = toPage(storage.volumes.values(), request);
        return { ...page, entries: page.entries.map(({ id }) => ({ volumeId: id, statuses: [] })) };
      },
    },
  };
}

function checkCapabilities(capabilities: readonly VolumeCapability[]): void {
  const writer = capabilities.find(
    ({ mode }) => mode === 'MULTI_NODE_SINGLE_WRITER' || mode === 'MULTI_NODE_MULTI_WRITER',
  );
  if (writer !== undefined)
    throw new DriverError(
      'INVALID_ARGUMENT',
      `${writer.mode} is not to be had on one node. Use the NFS driver.`,
    );
}

function createVolume(storage: FakeStorage, options: CreateVolumeOptions): FakeVolume {
  const { asked } = parseParameters(FakeParameters, options.parameters);
  const kind = options.capabilities.some(({ access }) => access.kind === 'block') ? 'block' : 'mount';
  const existing = [...storage.volumes.values()].find(({ name }) => name === options.name);
  if (existing !== undefined) return checkSame(existing, { ...options, parameters: asked }, kind);
  checkPlace(options.topology);
  const sourceBytes = getSourceBytes(storage, options.source);
  const capacityBytes = chooseSize(options, sourceBytes);
  checkRoom(storage, capacityBytes);
  const id = storage.createId('volume', options.name);
  const { name, source } = options;
  const volume = { id, name, kind, parameters: asked, source, capacityBytes } as const;
  storage.volumes.set(id, { ...volume });
  return volume;
}

function checkSame(
  existing: FakeVolume,
  { range, source, parameters }: CreateVolumeOptions,
  kind: FakeVolume['kind'],
): FakeVolume {
  const isSame =
    existing.kind === kind &&
    isWithin(existing.capacityBytes, range) &&
    isDeepStrictEqual([existing.source, existing.parameters], [source, parameters]);
  if (isSame) return existing;
  throw new DriverError(
    'VOLUME_INCOMPATIBLE',
    `Volume ${existing.id} has this name but was asked for differently.`,
  );
}

function checkPlace(topology: TopologyRequirement | undefined): void {
  if (isUsableFrom([FAKE_TOPOLOGY], topology?.requisite ?? [])) return;
  throw new DriverError('NO_ROOM', 'No pool is at any of the asked places.');
}

function getSourceBytes(storage: FakeStorage, source: ContentSource | undefined): number {
  if (source === undefined) return 0;
  return source.kind === 'snapshot'
    ? storage.getSnapshot(source.id).sizeBytes
    : storage.getVolume(source.id).capacityBytes;
}

function chooseSize({ range }: CreateVolumeOptions, sourceBytes: number): number {
  const limit = range?.limitBytes ?? Number.MAX_SAFE_INTEGER;
  const wanted = range?.requiredBytes ?? Math.min(limit, Math.max(DEFAULT_BYTES, sourceBytes));
  if (wanted >= sourceBytes) return wanted;
  throw new DriverError('SIZE_OUT_OF_RANGE', `The source needs ${sourceBytes} bytes.`);
}

function checkRoom(storage: FakeStorage, bytes: number): void {
  if (bytes > storage.availableBytes)
    throw new DriverError('NO_ROOM', `The pool has only ${storage.availableBytes} bytes left.`);
}

function createSnapshot(
  storage: FakeStorage,
  { name, sourceVolumeId, parameters, topology }: CreateSnapshotOptions,
): FakeSnapshot {
  parseParameters(FakeSnapshotParameters, parameters);
  // The name first: readiness is polled through CreateSnapshot, also when the source is gone by then.
  const existing = [...storage.snapshots.values()].find((snapshot) => snapshot.name === name);
  if (existing?.sourceVolumeId === sourceVolumeId) {
    checkPlace(topology);
    return existing;
  }
  if (existing !== undefined)
    throw new DriverError(
      'SNAPSHOT_INCOMPATIBLE',
      `Snapshot ${existing.id} has this name but another source.`,
    );
  const sizeBytes = storage.getVolume(sourceVolumeId).capacityBytes;
  checkPlace(topology);
  const id = storage.createId('snapshot', name);
  const snapshot = { id, name, sourceVolumeId, sizeBytes, createdAt: new Date() };
  storage.snapshots.set(id, snapshot);
  return snapshot;
}

function toVolume(volume: FakeVolume): Volume {
  const { id, capacityBytes, source } = volume;
  return { id, capacityBytes, context: { kind: volume.kind }, source, accessibleTopology: [FAKE_TOPOLOGY] };
}

function toSnapshot({ id, sourceVolumeId, sizeBytes, createdAt }: FakeSnapshot): Snapshot {
  const accessibleTopology = [FAKE_TOPOLOGY];
  return { id, sourceVolumeId, sizeBytes, createdAt, readyToUse: true, accessibleTopology };
}
