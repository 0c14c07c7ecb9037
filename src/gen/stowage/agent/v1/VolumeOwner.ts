// Original file: proto/stowage/agent/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface VolumeOwner {
  'uid'?: (number | string | Long);
  'gid'?: (number | string | Long);
  'mode'?: (number | string | Long);
  '_uid'?: "uid";
  '_gid'?: "gid";
  '_mode'?: "mode";
}

export interface VolumeOwner__Output {
  'uid'?: (string);
  'gid'?: (string);
  'mode'?: (string);
  '_uid'?: "uid";
  '_gid'?: "gid";
  '_mode'?: "mode";
}
