// Original file: proto/stowage/agent/v1/agent.proto


export interface GetRoomRequest {
  'poolId'?: (string);
}

export interface GetRoomRequest__Output {
  'poolId': (string);
}
