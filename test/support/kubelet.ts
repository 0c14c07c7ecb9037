import { randomUUID } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDriverError } from '../../src/domain/errors.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import type { VolumeCapability } from '../../src/gen/csi/v1/VolumeCapability.ts';
import type { RpcClient } from '../../src/rpc/client.ts';

const PENDING_FOR_MS = 300_000;

/** What to make. */
export interface Claim {
  readonly sizeBytes: number;
  readonly parameters: Readonly<Record<string, string>>;
  /** A file system to mount, `` for the driver's choice, or `block`. */
  readonly use: 'ext4' | 'xfs' | 'btrfs' | 'block' | '';
  readonly from?: { readonly snapshotId: string } | { readonly volumeId: string };
  readonly name?: string;
}

/** A volume that was made. */
export interface Bound {
  readonly volumeId: string;
  readonly capacityBytes: number;
  readonly capability: VolumeCapability;
  readonly context: Readonly<Record<string, string>>;
}

/** A volume that a pod could use: paths as kubelet makes them. */
export interface Mounted extends Bound {
  readonly stagingPath: string;
  readonly targetPath: string;
}

/**
 * Speaks CSI as the sidecars and kubelet do: the same fields, directories made and removed by the same side, pending
 * operations asked for again.
 */
export interface Kubelet {
  create(claim: Claim): Promise<Bound>;
  remove(bound: Pick<Bound, 'volumeId'>): Promise<void>;
  stage(bound: Bound): Promise<Mounted>;
  publish(mounted: Mounted, options?: { readonly readOnly?: boolean }): Promise<void>;
  unpublish(mounted: Mounted): Promise<void>;
  unstage(mounted: Mounted): Promise<void>;
  snapshot(volumeId: string, name?: string): Promise<string>;
  removeSnapshot(snapshotId: string): Promise<void>;
  expand(mounted: Mounted, sizeBytes: number): Promise<number>;
}

export interface KubeletOptions {
  readonly controller: RpcClient<ControllerDefinition>;
  readonly node: RpcClient<NodeDefinition>;
  /** Where it makes staging and target directories. The caller removes it. */
  readonly directory: string;
}

/** A kubelet for this node and the sidecars beside its controller. */
export async function createKubelet({ controller, node, directory }: KubeletOptions): Promise<Kubelet> {
  const { accessibleTopology } = await node.NodeGetInfo({});
  const topology = accessibleTopology === null ? [] : [accessibleTopology];

  async function create(claim: Claim): Promise<Bound> {
    const capability = toCapability(claim.use);
    const request = {
      name: claim.name ?? `pvc-${randomUUID()}`,
      capacityRange: { requiredBytes: claim.sizeBytes },
      volumeCapabilities: [capability],
      parameters: claim.parameters,
      accessibilityRequirements: { requisite: topology, preferred: topology },
      ...toSource(claim.from),
    };
    const { volume } = await untilDone(() => controller.CreateVolume(request));
    if (volume === null) throw new Error('CreateVolume answered without a volume');
    return {
      volumeId: volume.volumeId,
      capacityBytes: Number(volume.capacityBytes),
      context: volume.volumeContext,
      capability,
    };
  }

  async function stage(bound: Bound): Promise<Mounted> {
    const pod = join(directory, randomUUID());
    const mounted = { ...bound, stagingPath: join(pod, 'staging'), targetPath: join(pod, 'target') };
    await mkdir(mounted.stagingPath, { recursive: true });
    const request = {
      volumeId: bound.volumeId,
      stagingTargetPath: mounted.stagingPath,
      volumeCapability: bound.capability,
      volumeContext: bound.context,
    };
    await untilDone(() => node.NodeStageVolume(request));
    return mounted;
  }

  async function publish(mounted: Mounted, options: { readonly readOnly?: boolean } = {}): Promise<void> {
    await node.NodePublishVolume({
      volumeId: mounted.volumeId,
      stagingTargetPath: mounted.stagingPath,
      targetPath: mounted.targetPath,
      volumeCapability: mounted.capability,
      volumeContext: mounted.context,
      readonly: options.readOnly ?? false,
    });
  }

  async function unstage(mounted: Mounted): Promise<void> {
    const { volumeId, stagingPath } = mounted;
    await untilDone(() => node.NodeUnstageVolume({ volumeId, stagingTargetPath: stagingPath }));
    await rmdir(stagingPath);
    await rmdir(join(stagingPath, '..'));
  }

  async function snapshot(sourceVolumeId: string, name = `snapshot-${randomUUID()}`): Promise<string> {
    const response = await untilDone(() => controller.CreateSnapshot({ sourceVolumeId, name }));
    if (response.snapshot?.readyToUse !== true) throw new Error('the snapshot is not ready to use');
    return response.snapshot.snapshotId;
  }

  async function expand(mounted: Mounted, sizeBytes: number): Promise<number> {
    const { volumeId, targetPath, stagingPath, capability } = mounted;
    const capacityRange = { requiredBytes: sizeBytes };
    const grown = await controller.ControllerExpandVolume({
      volumeId,
      capacityRange,
      volumeCapability: capability,
    });
    if (!grown.nodeExpansionRequired) return Number(grown.capacityBytes);
    const { capacityBytes } = await node.NodeExpandVolume({
      volumeId,
      volumePath: targetPath,
      stagingTargetPath: stagingPath,
      capacityRange,
      volumeCapability: capability,
    });
    return Number(capacityBytes);
  }

  return {
    create,
    stage,
    publish,
    unstage,
    snapshot,
    expand,
    async remove({ volumeId }) {
      await untilDone(() => controller.DeleteVolume({ volumeId }));
    },
    async unpublish({ volumeId, targetPath }) {
      await node.NodeUnpublishVolume({ volumeId, targetPath });
    },
    async removeSnapshot(snapshotId) {
      await untilDone(() => controller.DeleteSnapshot({ snapshotId }));
    },
  };
}

function toCapability(use: Claim['use']): VolumeCapability {
  const accessMode = { mode: 'SINGLE_NODE_MULTI_WRITER' } as const;
  return use === 'block' ? { block: {}, accessMode } : { mount: { fsType: use }, accessMode };
}

function toSource(from: Claim['from']): object {
  if (from === undefined) return {};
  return {
    volumeContentSource: 'snapshotId' in from ? { snapshot: from } : { volume: from },
  };
}

/** Asks again while the driver says that the work goes on, as the sidecars do. */
async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PENDING_FOR_MS;
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (!isDriverError(error, 'OPERATION_PENDING') || performance.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}
