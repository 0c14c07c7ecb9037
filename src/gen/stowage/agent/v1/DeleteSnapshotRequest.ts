// Original file: proto/stowage/agent/v1/agent.proto


export interface DeleteSnapshotRequest {
  'poolId'?: (string);
  'snapshotId'?: (string);
}

export interface DeleteSnapshotRequest__Output {
  'poolId': (string);
  'snapshotId': (string);
}
