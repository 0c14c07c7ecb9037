// Original file: proto/stowage/agent/v1/agent.proto

import type { SnapshotRecord as _stowage_agent_v1_SnapshotRecord, SnapshotRecord__Output as _stowage_agent_v1_SnapshotRecord__Output } from '../../../stowage/agent/v1/SnapshotRecord.ts';

export interface FindSnapshotByNameResponse {
  'snapshot'?: (_stowage_agent_v1_SnapshotRecord | null);
}

export interface FindSnapshotByNameResponse__Output {
  'snapshot': (_stowage_agent_v1_SnapshotRecord__Output | null);
}
