// Original file: proto/stowage/agent/v1/agent.proto

import type { CapacityRange as _stowage_agent_v1_CapacityRange, CapacityRange__Output as _stowage_agent_v1_CapacityRange__Output } from '../../../stowage/agent/v1/CapacityRange.ts';

export interface ExpandVolumeRequest {
  'poolId'?: (string);
  'volumeId'?: (string);
  'range'?: (_stowage_agent_v1_CapacityRange | null);
}

export interface ExpandVolumeRequest__Output {
  'poolId': (string);
  'volumeId': (string);
  'range': (_stowage_agent_v1_CapacityRange__Output | null);
}
