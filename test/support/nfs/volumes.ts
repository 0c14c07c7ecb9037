import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDriverError } from '../../../src/domain/errors.ts';
import type { CreateVolumeRequest } from '../../../src/gen/csi/v1/CreateVolumeRequest.ts';
import type { VolumeCapability } from '../../../src/gen/csi/v1/VolumeCapability.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NfsCluster, NfsNode } from './cluster.ts';

const MIB = 2 ** 20;
const DONE_WITHIN_MS = 60_000;

export const SHARED: VolumeCapability = { mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } };

/** A volume as its PersistentVolume has it. */
export interface TestVolume {
  readonly volumeId: string;
  readonly volumeContext: Readonly<Record<string, string>>;
}

/** Repeats a call as a sidecar does, while it says that it is only so for now. */
export async function untilSaid<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + DONE_WITHIN_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isPassing = isDriverError(error, 'OPERATION_PENDING') || isDriverError(error, 'POOL_UNAVAILABLE');
      if (!isPassing || performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}

export async function createVolume(
  { controller }: Pick<NfsCluster, 'controller'>,
  name: string,
  changes: Partial<CreateVolumeRequest> = {},
): Promise<TestVolume> {
  const { volume } = await untilSaid(
    async () =>
      await controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: 64 * MIB },
        volumeCapabilities: [SHARED],
        parameters: { pool: 'pool', quota: 'none' },
        ...changes,
      }),
  );
  return { volumeId: volume?.volumeId ?? '', volumeContext: volume?.volumeContext ?? {} };
}

/** A volume that a pod has on a node. */
export interface MountedVolume {
  readonly staging: string;
  /** Where the pod sees it, on its machine. */
  readonly target: string;
  readonly unmount: () => Promise<void>;
}

/** Stages and publishes a volume below a directory. */
export async function mountVolume(
  { node, machine }: Pick<NfsNode, 'node' | 'machine'>,
  { volumeId, volumeContext }: TestVolume,
  options: {
    readonly directory: string;
    readonly capability?: VolumeCapability;
    readonly readonly?: boolean;
  },
): Promise<MountedVolume> {
  const { directory, capability = SHARED, readonly = false } = options;
  const place = join(directory, 'pods', machine.hostName, volumeId);
  const [staging, target] = [join(place, 'globalmount'), join(place, 'mount')];
  await mkdir(staging, { recursive: true });
  const same = { volumeId, volumeCapability: capability, volumeContext };
  await node.NodeStageVolume({ ...same, stagingTargetPath: staging });
  await node.NodePublishVolume({ ...same, stagingTargetPath: staging, targetPath: target, readonly });
  return {
    staging,
    target,
    async unmount() {
      await node.NodeUnpublishVolume({ volumeId, targetPath: target });
      await node.NodeUnstageVolume({ volumeId, stagingTargetPath: staging });
    },
  };
}
