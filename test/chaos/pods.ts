import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import type { RpcClient } from '../../src/rpc/client.ts';
import type { Calls } from './calls.ts';
import type { Piece } from './pieces.ts';

/** What kubelets do for the pods that use volumes, however often they have to ask. */
export interface Pods {
  /** Lets a pod have a volume: where it has it. */
  start(volume: Piece): Promise<string>;
  /** The pod ends; nothing of the volume is left on its node. */
  stop(volume: Piece): Promise<void>;
  /** The volume has grown. */
  grow(volume: Piece): Promise<void>;
}

/** The pods of one client; each volume is used by one of them at most, on the node that has it. */
export function createPods(
  callsOf: (node: string) => Calls<RpcClient<NodeDefinition>>,
  directory: string,
): Pods {
  const toPaths = ({ name }: Piece) => {
    const pod = join(directory, name);
    return { pod, stagingTargetPath: join(pod, 'staging'), targetPath: join(pod, 'target') };
  };
  const toUse = (volume: Piece) => {
    const accessMode = { mode: 'SINGLE_NODE_WRITER' } as const;
    const { pod: _, ...paths } = toPaths(volume);
    return {
      ...paths,
      volumeId: volume.id,
      volumeCapability: volume.layout === 'image' ? { block: {}, accessMode } : { mount: {}, accessMode },
      volumeContext: volume.context,
    };
  };
  return {
    async start(volume) {
      const calls = callsOf(volume.node);
      const use = toUse(volume);
      await mkdir(use.stagingTargetPath, { recursive: true });
      await calls.untilDone(`stage ${volume.id}`, async (node, options) => {
        return await node.NodeStageVolume(use, options);
      });
      await calls.untilDone(`publish ${volume.id}`, async (node, options) => {
        return await node.NodePublishVolume({ ...use, readonly: false }, options);
      });
      return use.targetPath;
    },
    async stop(volume) {
      const calls = callsOf(volume.node);
      const { pod, stagingTargetPath, targetPath } = toPaths(volume);
      const volumeId = volume.id;
      await calls.untilDone(`unpublish ${volumeId}`, async (node, options) => {
        return await node.NodeUnpublishVolume({ volumeId, targetPath }, options);
      });
      await calls.untilDone(`unstage ${volumeId}`, async (node, options) => {
        return await node.NodeUnstageVolume({ volumeId, stagingTargetPath }, options);
      });
      await rm(pod, { recursive: true });
    },
    async grow(volume) {
      const { volumeCapability, stagingTargetPath, targetPath } = toUse(volume);
      const capacityRange = { requiredBytes: volume.sizeBytes };
      const request = {
        volumeId: volume.id,
        volumePath: targetPath,
        stagingTargetPath,
        capacityRange,
        volumeCapability,
      };
      await callsOf(volume.node).untilDone(`grow ${volume.id}`, async (node, options) => {
        return await node.NodeExpandVolume(request, options);
      });
    },
  };
}
