import * as z from 'zod';
import type { StorageHealthStatus, VolumeHealthStatus } from '../../domain/health.ts';
import type { HealthStatus__Output } from '../../gen/stowage/agent/v1/HealthStatus.ts';
import { parseMessage } from './parse.ts';

const words = { reason: z.string(), message: z.string() };
const VolumeStatuses = z.array(
  z.object({ status: z.enum(['DEGRADED', 'INACCESSIBLE', 'DATA_LOSS']), ...words }),
);
const StorageStatuses = z.array(z.object({ status: z.enum(['DEGRADED', 'UNREACHABLE']), ...words }));

const ORIGIN = { what: 'The health that an agent reports', code: 'INTERNAL' } as const;

/** What is wrong with a volume. Throws INTERNAL for words that are not known here. */
export function fromVolumeHealth(statuses: readonly HealthStatus__Output[]): readonly VolumeHealthStatus[] {
  return parseMessage(VolumeStatuses, statuses, ORIGIN);
}

/** What is wrong with a pool. Throws INTERNAL as well. */
export function fromStorageHealth(statuses: readonly HealthStatus__Output[]): readonly StorageHealthStatus[] {
  return parseMessage(StorageStatuses, statuses, ORIGIN);
}
