// Original file: proto/stowage/agent/v1/agent.proto


export interface CreateSnapshotRequest {
  'poolId'?: (string);
  'name'?: (string);
  'sourceVolumeId'?: (string);
}

export interface CreateSnapshotRequest__Output {
  'poolId': (string);
  'name': (string);
  'sourceVolumeId': (string);
}
