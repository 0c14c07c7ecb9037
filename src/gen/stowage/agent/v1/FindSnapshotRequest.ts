// Original file: proto/stowage/agent/v1/agent.proto


export interface FindSnapshotRequest {
  'poolId'?: (string);
  'snapshotId'?: (string);
}

export interface FindSnapshotRequest__Output {
  'poolId': (string);
  'snapshotId': (string);
}
