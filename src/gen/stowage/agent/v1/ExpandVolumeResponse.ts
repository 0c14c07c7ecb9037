// Original file: proto/stowage/agent/v1/agent.proto

import type { VolumeRecord as _stowage_agent_v1_VolumeRecord, VolumeRecord__Output as _stowage_agent_v1_VolumeRecord__Output } from '../../../stowage/agent/v1/VolumeRecord.ts';

export interface ExpandVolumeResponse {
  'volume'?: (_stowage_agent_v1_VolumeRecord | null);
}

export interface ExpandVolumeResponse__Output {
  'volume': (_stowage_agent_v1_VolumeRecord__Output | null);
}
