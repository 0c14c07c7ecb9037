// Original file: proto/stowage/agent/v1/agent.proto


export interface GetHealthRequest {
  'poolId'?: (string);
}

export interface GetHealthRequest__Output {
  'poolId': (string);
}
