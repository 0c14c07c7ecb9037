// Original file: proto/stowage/agent/v1/agent.proto


export interface FindVolumeRequest {
  'poolId'?: (string);
  'volumeId'?: (string);
}

export interface FindVolumeRequest__Output {
  'poolId': (string);
  'volumeId': (string);
}
