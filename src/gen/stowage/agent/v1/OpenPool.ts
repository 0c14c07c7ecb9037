// Original file: proto/stowage/agent/v1/agent.proto

import type { StoreAbilities as _stowage_agent_v1_StoreAbilities, StoreAbilities__Output as _stowage_agent_v1_StoreAbilities__Output } from '../../../stowage/agent/v1/StoreAbilities.ts';
import type { StoreRoom as _stowage_agent_v1_StoreRoom, StoreRoom__Output as _stowage_agent_v1_StoreRoom__Output } from '../../../stowage/agent/v1/StoreRoom.ts';

export interface OpenPool {
  'abilities'?: (_stowage_agent_v1_StoreAbilities | null);
  'room'?: (_stowage_agent_v1_StoreRoom | null);
}

export interface OpenPool__Output {
  'abilities': (_stowage_agent_v1_StoreAbilities__Output | null);
  'room': (_stowage_agent_v1_StoreRoom__Output | null);
}
