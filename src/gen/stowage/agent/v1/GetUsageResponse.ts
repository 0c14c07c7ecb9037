// Original file: proto/stowage/agent/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface GetUsageResponse {
  'capacityBytes'?: (number | string | Long);
  'usedBytes'?: (number | string | Long);
  'usedInodes'?: (number | string | Long);
  '_usedInodes'?: "usedInodes";
}

export interface GetUsageResponse__Output {
  'capacityBytes': (string);
  'usedBytes': (string);
  'usedInodes'?: (string);
  '_usedInodes'?: "usedInodes";
}
