import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDriverError } from '../../../src/domain/errors.ts';
import type { CreateVolumeRequest } from '../../../src/gen/csi/v1/CreateVolumeRequest.ts';
import type { VolumeCapability } from '../../../src/gen/csi/v1/VolumeCapability.ts';
import type { TestServer } from '../../support/server.ts';
import { SHAPES } from './disks.ts';
import type { Answer, Operation } from './journal.ts';

/** An operation that is a call to the server. */
export type Call = Exclude<Operation, { kind: 'write' }>;

/** The driver by names instead of ids. Calls that answer ABORTED or UNAVAILABLE are made again, as a sidecar does. */
export interface Driver {
  /** Makes the call that an operation stands for . */
  call(operation: Call): Promise<Answer>;
  /** Stages and publishes a volume; returns where. Idempotent. */
  attach(name: string): Promise<string>;
  /** Unpublishes and unstages it. Idempotent. */
  detach(name: string): Promise<void>;
  /** Lets a volume that is attached see its new size. */
  growAttached(name: string, sizeBytes: number): Promise<void>;
  /** Total bytes of an attached volume. */
  getTotalBytes(name: string): Promise<number>;
  /** Sizes by id of everything that is listed. */
  listVolumes(): Promise<ReadonlyMap<string, number>>;
  listSnapshots(): Promise<ReadonlyMap<string, number>>;
}

export interface DriverOptions {
  readonly server: Pick<TestServer, 'controller' | 'node'>;
  /** Ids by name of volumes and snapshots; answers are added. */
  readonly ids: Map<string, string>;
}

const CAPABILITY: VolumeCapability = {
  mount: { fsType: 'ext4' },
  accessMode: { mode: 'SINGLE_NODE_WRITER' },
};
const PENDING_FOR_MS = 60_000;
const KUBELET = '/run/kubelet';

/** Makes a driver over a server's sockets. */
export function createDriver({ server, ids }: DriverOptions): Driver {
  const { controller, node } = server;

  function getId(name: string): string {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`Nobody knows the id of ${name}.`);
    return id;
  }

  function remember(name: string, id: string | undefined, sizeBytes: string | undefined): Answer {
    if (id === undefined) throw new Error(`The answer for ${name} has no id.`);
    ids.set(name, id);
    return { id, sizeBytes: Number(sizeBytes) };
  }

  async function createVolume(operation: Extract<Operation, { kind: 'create-volume' }>): Promise<Answer> {
    const { volume } = await controller.CreateVolume(toCreateRequest(operation, getId));
    return remember(operation.name, volume?.volumeId, volume?.capacityBytes);
  }

  async function createSnapshot(operation: Extract<Operation, { kind: 'create-snapshot' }>): Promise<Answer> {
    const request = { name: operation.name, sourceVolumeId: getId(operation.volume) };
    const { snapshot } = await controller.CreateSnapshot(request);
    return remember(operation.name, snapshot?.snapshotId, snapshot?.sizeBytes);
  }

  async function expandVolume(operation: Extract<Operation, { kind: 'expand-volume' }>): Promise<Answer> {
    const request = { volumeId: getId(operation.name), volumeCapability: CAPABILITY };
    const capacityRange = { requiredBytes: operation.sizeBytes };
    const { capacityBytes } = await controller.ControllerExpandVolume({ ...request, capacityRange });
    return { sizeBytes: Number(capacityBytes) };
  }

  function call(operation: Call): Promise<Answer> {
    switch (operation.kind) {
      case 'create-volume':
        return createVolume(operation);
      case 'create-snapshot':
        return createSnapshot(operation);
      case 'expand-volume':
        return expandVolume(operation);
      case 'delete-volume':
        return controller.DeleteVolume({ volumeId: getId(operation.name) }).then(() => ({}));
      default:
        return controller.DeleteSnapshot({ snapshotId: getId(operation.name) }).then(() => ({}));
    }
  }

  return {
    call: (operation) => untilSettled(() => call(operation)),
    async attach(name) {
      const paths = getPaths(name);
      const request = { ...paths, volumeId: getId(name), volumeCapability: CAPABILITY };
      await mkdirs(paths);
      await untilSettled(() => node.NodeStageVolume(request));
      await untilSettled(() => node.NodePublishVolume(request));
      return paths.targetPath;
    },
    async detach(name) {
      const request = { ...getPaths(name), volumeId: getId(name) };
      await untilSettled(() => node.NodeUnpublishVolume(request));
      await untilSettled(() => node.NodeUnstageVolume(request));
    },
    async growAttached(name, sizeBytes) {
      const { stagingTargetPath, targetPath } = getPaths(name);
      const request = { volumeId: getId(name), volumePath: targetPath, stagingTargetPath };
      const capacityRange = { requiredBytes: sizeBytes };
      await untilSettled(() => node.NodeExpandVolume({ ...request, capacityRange }));
    },
    async getTotalBytes(name) {
      const request = { volumeId: getId(name), volumePath: getPaths(name).targetPath };
      const { usage } = await node.NodeGetVolumeStats(request);
      return Number(usage.find(({ unit }) => unit === 'BYTES')?.total);
    },
    async listVolumes() {
      const { entries } = await untilSettled(() => controller.ListVolumes({}));
      return new Map(entries.map(({ volume }) => [volume?.volumeId ?? '', Number(volume?.capacityBytes)]));
    },
    async listSnapshots() {
      const { entries } = await untilSettled(() => controller.ListSnapshots({}));
      return new Map(
        entries.map(({ snapshot }) => [snapshot?.snapshotId ?? '', Number(snapshot?.sizeBytes)]),
      );
    },
  };
}

function toCreateRequest(
  { name, shape, sizeBytes, source }: Extract<Operation, { kind: 'create-volume' }>,
  getId: (name: string) => string,
): CreateVolumeRequest {
  const request: CreateVolumeRequest = {
    name,
    capacityRange: { requiredBytes: sizeBytes },
    volumeCapabilities: [CAPABILITY],
    parameters: {
      ...SHAPES[shape]?.parameters,
      'csi.storage.k8s.io/pvc/namespace': 'power-cut',
      'csi.storage.k8s.io/pvc/name': name,
    },
  };
  if (source === undefined) return request;
  const id = getId(source.name);
  const volumeContentSource =
    source.kind === 'volume' ? { volume: { volumeId: id } } : { snapshot: { snapshotId: id } };
  return { ...request, volumeContentSource };
}

function getPaths(name: string): { readonly stagingTargetPath: string; readonly targetPath: string } {
  return { stagingTargetPath: `${KUBELET}/staging/${name}`, targetPath: `${KUBELET}/pods/${name}/mount` };
}

/** Makes what kubelet makes: the staging path, and the parent of the target. */
async function mkdirs(paths: ReturnType<typeof getPaths>): Promise<void> {
  await mkdir(paths.stagingTargetPath, { recursive: true });
  await mkdir(dirname(paths.targetPath), { recursive: true });
}

async function untilSettled<T>(call: () => Promise<T>): Promise<T> {
  const end = Date.now() + PENDING_FOR_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isPending = isDriverError(error, 'OPERATION_PENDING') || isDriverError(error, 'POOL_UNAVAILABLE');
      if (!isPending || Date.now() > end) throw error;
    }
    await sleep(100);
  }
}
