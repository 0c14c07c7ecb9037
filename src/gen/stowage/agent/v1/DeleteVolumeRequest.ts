// Original file: proto/stowage/agent/v1/agent.proto


export interface DeleteVolumeRequest {
  'poolId'?: (string);
  'volumeId'?: (string);
}

export interface DeleteVolumeRequest__Output {
  'poolId': (string);
  'volumeId': (string);
}
