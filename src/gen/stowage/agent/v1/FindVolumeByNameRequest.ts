// Original file: proto/stowage/agent/v1/agent.proto


export interface FindVolumeByNameRequest {
  'poolId'?: (string);
  'name'?: (string);
}

export interface FindVolumeByNameRequest__Output {
  'poolId': (string);
  'name': (string);
}
