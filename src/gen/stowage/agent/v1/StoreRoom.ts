// Original file: proto/stowage/agent/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface StoreRoom {
  'totalBytes'?: (number | string | Long);
  'freeBytes'?: (number | string | Long);
  'promisedBytes'?: (number | string | Long);
  'availableBytes'?: (number | string | Long);
}

export interface StoreRoom__Output {
  'totalBytes': (string);
  'freeBytes': (string);
  'promisedBytes': (string);
  'availableBytes': (string);
}
