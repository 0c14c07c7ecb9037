import { withoutUndefined } from '../../base/defined.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentSource } from '../../domain/volume.ts';
import { SnapshotRecord, VolumeRecord } from '../../filestore/records.ts';
import type {
  ContentSource as ContentSourceMessage,
  ContentSource__Output,
} from '../../gen/stowage/agent/v1/ContentSource.ts';
import type {
  SnapshotRecord as SnapshotMessage,
  SnapshotRecord__Output,
} from '../../gen/stowage/agent/v1/SnapshotRecord.ts';
import type {
  VolumeRecord as VolumeMessage,
  VolumeRecord__Output,
} from '../../gen/stowage/agent/v1/VolumeRecord.ts';
import { ACCESS_TYPES, CONSISTENCIES, findWord, ON_DELETES, toOnDeleteName } from './enums.ts';
import { toKeptCandidate, toKeptMessage } from './kept.ts';
import { toOwner } from './owner.ts';
import { parseMessage, toNumber } from './parse.ts';

/** A volume's record as it is sent. */
export function toVolumeMessage(record: VolumeRecord, poolId: string): VolumeMessage {
  const { asked, source, family, owner, claim } = record;
  return {
    poolId,
    formatVersion: record.formatVersion,
    id: record.id,
    name: record.name,
    capacityBytes: record.capacityBytes,
    ...toKeptMessage(record.kept),
    asked: {
      parameters: { ...asked.parameters },
      accessType: ACCESS_TYPES[asked.accessType],
      ...withoutUndefined({ fsType: asked.fsType }),
    },
    source: source === undefined ? null : toSourceMessage(source),
    ...withoutUndefined({ family }),
    owner: withoutUndefined({ uid: owner.uid, gid: owner.gid, mode: owner.mode }),
    onDelete: toOnDeleteName(record.onDelete),
    claim: claim === undefined ? null : { ...claim },
    nonce: record.nonce,
    createdAt: record.createdAt,
  };
}

/** The record that an agent sent. Throws INTERNAL for one that makes no sense, or that is from another pool than `poolId`. */
export function fromVolumeMessage(message: VolumeRecord__Output, poolId: string): VolumeRecord {
  requirePool(message, poolId);
  const { asked, source, family, claim } = message;
  const candidate = {
    formatVersion: message.formatVersion,
    id: message.id,
    name: message.name,
    capacityBytes: toNumber(message.capacityBytes),
    kept: toKeptCandidate(message),
    asked: asked === null ? undefined : toAskedCandidate(asked),
    ...withoutUndefined({ source: findSource(source), family }),
    owner: toOwner(message.owner),
    ...withoutUndefined({ onDelete: findWord(ON_DELETES, message.onDelete) }),
    ...(claim === null ? {} : { claim: { namespace: claim.namespace, name: claim.name } }),
    nonce: message.nonce,
    createdAt: message.createdAt,
  };
  return parseMessage(VolumeRecord, candidate, { what: 'The record of a volume', code: 'INTERNAL' });
}

/** A snapshot's record as it is sent. */
export function toSnapshotMessage(record: SnapshotRecord, poolId: string): SnapshotMessage {
  const { kept, consistency, family, ...same } = record;
  return {
    poolId,
    ...same,
    ...toKeptMessage(kept),
    ...withoutUndefined({ family }),
    consistency: CONSISTENCIES[consistency],
  };
}

/** The record that an agent sent. Throws as {@link fromVolumeMessage} does. */
export function fromSnapshotMessage(message: SnapshotRecord__Output, poolId: string): SnapshotRecord {
  requirePool(message, poolId);
  const candidate = {
    formatVersion: message.formatVersion,
    id: message.id,
    name: message.name,
    sourceVolumeId: message.sourceVolumeId,
    ...withoutUndefined({ family: message.family }),
    sizeBytes: toNumber(message.sizeBytes),
    heldBytes: toNumber(message.heldBytes),
    kept: toKeptCandidate(message),
    consistency: findWord(CONSISTENCIES, message.consistency),
    nonce: message.nonce,
    createdAt: message.createdAt,
  };
  return parseMessage(SnapshotRecord, candidate, { what: 'The record of a snapshot', code: 'INTERNAL' });
}

/** What a volume is filled from, as it is sent. */
export function toSourceMessage({ kind, id }: ContentSource): ContentSourceMessage {
  return kind === 'snapshot' ? { snapshotId: id } : { volumeId: id };
}

/** Undefined when there is none. */
export function findSource(message: ContentSource__Output | null): ContentSource | undefined {
  if (message?.source === undefined) return undefined;
  return message.source === 'snapshotId'
    ? { kind: 'snapshot', id: message.snapshotId ?? '' }
    : { kind: 'volume', id: message.volumeId ?? '' };
}

function toAskedCandidate(asked: NonNullable<VolumeRecord__Output['asked']>): unknown {
  return {
    parameters: asked.parameters,
    accessType: findWord(ACCESS_TYPES, asked.accessType),
    ...withoutUndefined({ fsType: asked.fsType }),
  };
}

function requirePool(message: { readonly poolId: string; readonly id: string }, poolId: string): void {
  if (message.poolId === poolId) return;
  throw new DriverError(
    'INTERNAL',
    `An agent was asked about pool ${poolId} and answered with ${message.id} of pool "${message.poolId}": the answer was not used.`,
  );
}
