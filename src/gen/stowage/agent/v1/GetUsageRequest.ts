// Original file: proto/stowage/agent/v1/agent.proto


export interface GetUsageRequest {
  'poolId'?: (string);
  'volumeId'?: (string);
}

export interface GetUsageRequest__Output {
  'poolId': (string);
  'volumeId': (string);
}
