// Original file: proto/stowage/agent/v1/agent.proto

import type { SnapshotRecord as _stowage_agent_v1_SnapshotRecord, SnapshotRecord__Output as _stowage_agent_v1_SnapshotRecord__Output } from '../../../stowage/agent/v1/SnapshotRecord.ts';

export interface ListSnapshotsResponse {
  'snapshots'?: (_stowage_agent_v1_SnapshotRecord)[];
  'nextToken'?: (string);
  '_nextToken'?: "nextToken";
}

export interface ListSnapshotsResponse__Output {
  'snapshots': (_stowage_agent_v1_SnapshotRecord__Output)[];
  'nextToken'?: (string);
  '_nextToken'?: "nextToken";
}
