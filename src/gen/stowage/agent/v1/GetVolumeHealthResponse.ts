// Original file: proto/stowage/agent/v1/agent.proto

import type { HealthStatus as _stowage_agent_v1_HealthStatus, HealthStatus__Output as _stowage_agent_v1_HealthStatus__Output } from '../../../stowage/agent/v1/HealthStatus.ts';

export interface GetVolumeHealthResponse {
  'statuses'?: (_stowage_agent_v1_HealthStatus)[];
}

export interface GetVolumeHealthResponse__Output {
  'statuses': (_stowage_agent_v1_HealthStatus__Output)[];
}
