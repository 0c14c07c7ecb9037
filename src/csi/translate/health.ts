import { toOneLine } from '../../base/one-line.ts';
import type { StorageHealthStatus, VolumeHealth, VolumeHealthStatus } from '../../domain/health.ts';
import type { _csi_v1_NodeGetStorageHealthResponse_StorageBackendHealth as WireStorageHealth } from '../../gen/csi/v1/NodeGetStorageHealthResponse.ts';
import type { VolumeHealth as WireVolumeHealth } from '../../gen/csi/v1/VolumeHealth.ts';

/** As for the messages of errors: a pool may have any number of ailing records. */
const MAX_MESSAGE_CHARACTERS = 1000;

const STORAGE_STATUS = { DEGRADED: 'STORAGE_DEGRADED', UNREACHABLE: 'STORAGE_UNREACHABLE' } as const;

/** The health of a volume for the wire. CSI allows one entry for a status and reason: the sentences of several are joined. */
export function toWireVolumeHealth(health: VolumeHealth): WireVolumeHealth {
  return { volumeId: health.volumeId, healthStatuses: joinRepeats(health.statuses) };
}

/** The health of the places where volumes live, for the wire, under the same rule. */
export function toWireStorageHealth(statuses: readonly StorageHealthStatus[]): WireStorageHealth[] {
  return joinRepeats(statuses).map(({ status, reason, message }) => ({
    status: STORAGE_STATUS[status],
    reason,
    message,
  }));
}

function joinRepeats<T extends VolumeHealthStatus | StorageHealthStatus>(statuses: readonly T[]): T[] {
  const told = new Map<string, T>();
  for (const status of statuses) {
    const key = `${status.status} ${status.reason}`;
    const before = told.get(key);
    const message = before === undefined ? status.message : `${before.message} ${status.message}`;
    told.set(key, { ...status, message: toOneLine(message, MAX_MESSAGE_CHARACTERS) });
  }
  return [...told.values()];
}
