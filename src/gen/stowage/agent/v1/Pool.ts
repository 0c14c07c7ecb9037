// Original file: proto/stowage/agent/v1/agent.proto

import type { OpenPool as _stowage_agent_v1_OpenPool, OpenPool__Output as _stowage_agent_v1_OpenPool__Output } from '../../../stowage/agent/v1/OpenPool.ts';
import type { UnavailablePool as _stowage_agent_v1_UnavailablePool, UnavailablePool__Output as _stowage_agent_v1_UnavailablePool__Output } from '../../../stowage/agent/v1/UnavailablePool.ts';
import type { AwaitingPool as _stowage_agent_v1_AwaitingPool, AwaitingPool__Output as _stowage_agent_v1_AwaitingPool__Output } from '../../../stowage/agent/v1/AwaitingPool.ts';
import type { PoolSettings as _stowage_agent_v1_PoolSettings, PoolSettings__Output as _stowage_agent_v1_PoolSettings__Output } from '../../../stowage/agent/v1/PoolSettings.ts';

export interface Pool {
  'name'?: (string);
  'poolId'?: (string);
  'driver'?: (string);
  'open'?: (_stowage_agent_v1_OpenPool | null);
  'unavailable'?: (_stowage_agent_v1_UnavailablePool | null);
  'awaiting'?: (_stowage_agent_v1_AwaitingPool | null);
  'settings'?: (_stowage_agent_v1_PoolSettings | null);
  '_poolId'?: "poolId";
  'state'?: "open"|"unavailable"|"awaiting";
}

export interface Pool__Output {
  'name': (string);
  'poolId'?: (string);
  'driver': (string);
  'open'?: (_stowage_agent_v1_OpenPool__Output | null);
  'unavailable'?: (_stowage_agent_v1_UnavailablePool__Output | null);
  'awaiting'?: (_stowage_agent_v1_AwaitingPool__Output | null);
  'settings': (_stowage_agent_v1_PoolSettings__Output | null);
  '_poolId'?: "poolId";
  'state'?: "open"|"unavailable"|"awaiting";
}
