// Original file: proto/stowage/agent/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface CapacityRange {
  'requiredBytes'?: (number | string | Long);
  'limitBytes'?: (number | string | Long);
  '_requiredBytes'?: "requiredBytes";
  '_limitBytes'?: "limitBytes";
}

export interface CapacityRange__Output {
  'requiredBytes'?: (string);
  'limitBytes'?: (string);
  '_requiredBytes'?: "requiredBytes";
  '_limitBytes'?: "limitBytes";
}
