// Original file: proto/stowage/agent/v1/agent.proto

import type { VolumeRecord as _stowage_agent_v1_VolumeRecord, VolumeRecord__Output as _stowage_agent_v1_VolumeRecord__Output } from '../../../stowage/agent/v1/VolumeRecord.ts';
import type { SnapshotRecord as _stowage_agent_v1_SnapshotRecord, SnapshotRecord__Output as _stowage_agent_v1_SnapshotRecord__Output } from '../../../stowage/agent/v1/SnapshotRecord.ts';
import type { NameFailure as _stowage_agent_v1_NameFailure, NameFailure__Output as _stowage_agent_v1_NameFailure__Output } from '../../../stowage/agent/v1/NameFailure.ts';

export interface NameAnswer {
  'volume'?: (_stowage_agent_v1_VolumeRecord | null);
  'snapshot'?: (_stowage_agent_v1_SnapshotRecord | null);
  'failure'?: (_stowage_agent_v1_NameFailure | null);
  'answer'?: "volume"|"snapshot"|"failure";
}

export interface NameAnswer__Output {
  'volume'?: (_stowage_agent_v1_VolumeRecord__Output | null);
  'snapshot'?: (_stowage_agent_v1_SnapshotRecord__Output | null);
  'failure'?: (_stowage_agent_v1_NameFailure__Output | null);
  'answer'?: "volume"|"snapshot"|"failure";
}
