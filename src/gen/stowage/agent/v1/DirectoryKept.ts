// Original file: proto/stowage/agent/v1/agent.proto

import type { QuotaKind as _stowage_agent_v1_QuotaKind, QuotaKind__Output as _stowage_agent_v1_QuotaKind__Output } from '../../../stowage/agent/v1/QuotaKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface DirectoryKept {
  'quota'?: (_stowage_agent_v1_QuotaKind);
  'projectId'?: (number | string | Long);
  'unlimited'?: (boolean);
  '_projectId'?: "projectId";
}

export interface DirectoryKept__Output {
  'quota': (_stowage_agent_v1_QuotaKind__Output);
  'projectId'?: (string);
  'unlimited': (boolean);
  '_projectId'?: "projectId";
}
