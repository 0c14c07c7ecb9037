// Original file: proto/stowage/agent/v1/agent.proto


export interface FindSnapshotByNameRequest {
  'poolId'?: (string);
  'name'?: (string);
}

export interface FindSnapshotByNameRequest__Output {
  'poolId': (string);
  'name': (string);
}
