// Original file: proto/stowage/agent/v1/agent.proto

import type { AccessType as _stowage_agent_v1_AccessType, AccessType__Output as _stowage_agent_v1_AccessType__Output } from '../../../stowage/agent/v1/AccessType.ts';
import type { Long } from '@grpc/proto-loader';

export interface ImageKept {
  'accessType'?: (_stowage_agent_v1_AccessType);
  'fsType'?: (string);
  'sectorSizeBytes'?: (number | string | Long);
  'preallocated'?: (boolean);
  'identityPending'?: (boolean);
  'ownerPending'?: (boolean);
  '_fsType'?: "fsType";
}

export interface ImageKept__Output {
  'accessType': (_stowage_agent_v1_AccessType__Output);
  'fsType'?: (string);
  'sectorSizeBytes': (string);
  'preallocated': (boolean);
  'identityPending': (boolean);
  'ownerPending': (boolean);
  '_fsType'?: "fsType";
}
