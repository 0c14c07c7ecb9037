// Original file: proto/stowage/agent/v1/agent.proto

import type { Pool as _stowage_agent_v1_Pool, Pool__Output as _stowage_agent_v1_Pool__Output } from '../../../stowage/agent/v1/Pool.ts';

export interface DescribeResponse {
  'nodeName'?: (string);
  'bootId'?: (string);
  'release'?: (string);
  'pools'?: (_stowage_agent_v1_Pool)[];
}

export interface DescribeResponse__Output {
  'nodeName': (string);
  'bootId': (string);
  'release': (string);
  'pools': (_stowage_agent_v1_Pool__Output)[];
}
