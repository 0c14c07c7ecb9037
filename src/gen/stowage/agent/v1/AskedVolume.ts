// Original file: proto/stowage/agent/v1/agent.proto

import type { AccessType as _stowage_agent_v1_AccessType, AccessType__Output as _stowage_agent_v1_AccessType__Output } from '../../../stowage/agent/v1/AccessType.ts';

export interface AskedVolume {
  'parameters'?: ({[key: string]: string});
  'accessType'?: (_stowage_agent_v1_AccessType);
  'fsType'?: (string);
  '_fsType'?: "fsType";
}

export interface AskedVolume__Output {
  'parameters': ({[key: string]: string});
  'accessType': (_stowage_agent_v1_AccessType__Output);
  'fsType'?: (string);
  '_fsType'?: "fsType";
}
