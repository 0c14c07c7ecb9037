// Original file: proto/stowage/agent/v1/agent.proto

import type { VolumeRecord as _stowage_agent_v1_VolumeRecord, VolumeRecord__Output as _stowage_agent_v1_VolumeRecord__Output } from '../../../stowage/agent/v1/VolumeRecord.ts';

export interface ListVolumesResponse {
  'volumes'?: (_stowage_agent_v1_VolumeRecord)[];
  'nextToken'?: (string);
  '_nextToken'?: "nextToken";
}

export interface ListVolumesResponse__Output {
  'volumes': (_stowage_agent_v1_VolumeRecord__Output)[];
  'nextToken'?: (string);
  '_nextToken'?: "nextToken";
}
