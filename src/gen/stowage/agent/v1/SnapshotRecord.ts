// Original file: proto/stowage/agent/v1/agent.proto

import type { DirectoryKept as _stowage_agent_v1_DirectoryKept, DirectoryKept__Output as _stowage_agent_v1_DirectoryKept__Output } from '../../../stowage/agent/v1/DirectoryKept.ts';
import type { ImageKept as _stowage_agent_v1_ImageKept, ImageKept__Output as _stowage_agent_v1_ImageKept__Output } from '../../../stowage/agent/v1/ImageKept.ts';
import type { Consistency as _stowage_agent_v1_Consistency, Consistency__Output as _stowage_agent_v1_Consistency__Output } from '../../../stowage/agent/v1/Consistency.ts';
import type { Long } from '@grpc/proto-loader';

export interface SnapshotRecord {
  'poolId'?: (string);
  'formatVersion'?: (number);
  'id'?: (string);
  'name'?: (string);
  'sourceVolumeId'?: (string);
  'family'?: (string);
  'sizeBytes'?: (number | string | Long);
  'heldBytes'?: (number | string | Long);
  'directory'?: (_stowage_agent_v1_DirectoryKept | null);
  'image'?: (_stowage_agent_v1_ImageKept | null);
  'consistency'?: (_stowage_agent_v1_Consistency);
  'nonce'?: (string);
  'createdAt'?: (string);
  '_family'?: "family";
  'kept'?: "directory"|"image";
}

export interface SnapshotRecord__Output {
  'poolId': (string);
  'formatVersion': (number);
  'id': (string);
  'name': (string);
  'sourceVolumeId': (string);
  'family'?: (string);
  'sizeBytes': (string);
  'heldBytes': (string);
  'directory'?: (_stowage_agent_v1_DirectoryKept__Output | null);
  'image'?: (_stowage_agent_v1_ImageKept__Output | null);
  'consistency': (_stowage_agent_v1_Consistency__Output);
  'nonce': (string);
  'createdAt': (string);
  '_family'?: "family";
  'kept'?: "directory"|"image";
}
