import { stat } from 'node:fs/promises';
import type { VolumeHealthStatus } from '../../../domain/health.ts';
import type { VolumeStats } from '../../../domain/volume.ts';
import type { Host } from '../../../host/host.ts';
import type { BindFlag } from '../../../host/syscalls/syscalls.ts';
import { isErrno } from '../../../host/errno.ts';
import type { Verb } from '../../../rpc/message-peer.ts';
import { applyGroup } from './apply-group.ts';
import type { PoolMounts } from './pool-mounts.ts';
import { type StageOrder, stageVolume } from './stage-volume.ts';
import { getVolumeStats, type StatsOrder } from './volume-stats.ts';
import { UsageScans } from './usage-scans.ts';

/** A bind mount of what is staged. */
export interface PublishOrder {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly options: readonly BindFlag[];
  readonly volumeId: string;
  /** The group that the volume is given; undefined where it is not to be changed. */
  readonly group: number | undefined;
}

/** What a worker does for the node half, all of which may hang on the server. */
export type NfsNodeVerbs = {
  readonly stageVolume: Verb<StageOrder, void>;
  readonly publishVolume: Verb<PublishOrder, void>;
  readonly getVolumeStats: Verb<StatsOrder, VolumeStats>;
  /** What is wrong with what is mounted at a path. */
  readonly examineMount: Verb<string, readonly VolumeHealthStatus[]>;
  /** Takes away mounts that no volume uses. */
  readonly releaseMounts: Verb<undefined, void>;
  /** Returns when the server answers: {@link PoolMounts.probe}. */
  readonly probeMounts: Verb<undefined, void>;
};

/** The work itself, and whether some of it goes on. */
export interface NfsNodeWork {
  readonly verbs: NfsNodeVerbs;
  readonly isBusy: boolean;
  close(): void;
}

/** Makes the verbs for one pool. */
export function createNodeWork(deps: {
  readonly poolName: string;
  readonly host: Host;
  readonly mounts: PoolMounts;
}): NfsNodeWork {
  const { host, mounts, poolName } = deps;
  const scans = new UsageScans((path, signal) => host.trees.measure(path, signal));
  return {
    verbs: {
      stageVolume: async (order, signal) => await stageVolume({ host, mounts, poolName }, order, signal),
      publishVolume: async (order, signal) => await publishVolume(host, order, signal),
      getVolumeStats: async (order, signal) => await getVolumeStats({ host, scans }, order, signal),
      examineMount: async (path) => await examineMount(path),
      releaseMounts: async (_nothing, signal) => await mounts.releaseUnused(signal),
      probeMounts: async () => await mounts.probe(),
    },
    get isBusy() {
      return scans.isBusy || mounts.isBusy;
    },
    close: () => scans.close(),
  };
}

async function publishVolume(
  { mounts }: Pick<Host, 'mounts'>,
  { source, target, readOnly, options, group, volumeId }: PublishOrder,
  signal: AbortSignal,
): Promise<void> {
  // As kubelet does it for other drivers: a later pod's group follows an earlier one's.
  if (group !== undefined) await applyGroup(source, group, volumeId);
  await mounts.bind({ source, target, readOnly, options }, signal);
}

async function examineMount(path: string): Promise<readonly VolumeHealthStatus[]> {
  try {
    await stat(path);
    return [];
  } catch (error) {
    if (!isErrno(error, 'ESTALE', 'ENOENT', 'EIO', 'EACCES')) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return [
      {
        status: 'INACCESSIBLE',
        reason: code === 'ESTALE' ? 'StaleHandle' : 'ServerRefuses',
        message: `The server does not know what is mounted at ${path} any more (${code}): its export was replaced or taken away. Once it is back, restart the pods that use the volume.`,
      },
    ];
  }
}
