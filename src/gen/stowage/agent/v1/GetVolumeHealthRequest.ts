// Original file: proto/stowage/agent/v1/agent.proto


export interface GetVolumeHealthRequest {
  'poolId'?: (string);
  'volumeId'?: (string);
}

export interface GetVolumeHealthRequest__Output {
  'poolId': (string);
  'volumeId': (string);
}
