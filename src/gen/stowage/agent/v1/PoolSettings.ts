// Original file: proto/stowage/agent/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface PoolSettings {
  'releaseAfterSeconds'?: (number | string | Long);
  'shared'?: (boolean);
  '_releaseAfterSeconds'?: "releaseAfterSeconds";
}

export interface PoolSettings__Output {
  'releaseAfterSeconds'?: (string);
  'shared': (boolean);
  '_releaseAfterSeconds'?: "releaseAfterSeconds";
}
