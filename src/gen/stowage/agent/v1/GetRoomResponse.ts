// Original file: proto/stowage/agent/v1/agent.proto

import type { StoreRoom as _stowage_agent_v1_StoreRoom, StoreRoom__Output as _stowage_agent_v1_StoreRoom__Output } from '../../../stowage/agent/v1/StoreRoom.ts';

export interface GetRoomResponse {
  'room'?: (_stowage_agent_v1_StoreRoom | null);
}

export interface GetRoomResponse__Output {
  'room': (_stowage_agent_v1_StoreRoom__Output | null);
}
