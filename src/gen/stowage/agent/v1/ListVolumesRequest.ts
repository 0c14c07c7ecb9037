// Original file: proto/stowage/agent/v1/agent.proto


export interface ListVolumesRequest {
  'poolId'?: (string);
  'maxEntries'?: (number);
  'startingToken'?: (string);
  '_startingToken'?: "startingToken";
}

export interface ListVolumesRequest__Output {
  'poolId': (string);
  'maxEntries': (number);
  'startingToken'?: (string);
  '_startingToken'?: "startingToken";
}
