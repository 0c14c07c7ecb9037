// Original file: proto/stowage/agent/v1/agent.proto

import type { DirectoryKept as _stowage_agent_v1_DirectoryKept, DirectoryKept__Output as _stowage_agent_v1_DirectoryKept__Output } from '../../../stowage/agent/v1/DirectoryKept.ts';
import type { ImageKept as _stowage_agent_v1_ImageKept, ImageKept__Output as _stowage_agent_v1_ImageKept__Output } from '../../../stowage/agent/v1/ImageKept.ts';
import type { AskedVolume as _stowage_agent_v1_AskedVolume, AskedVolume__Output as _stowage_agent_v1_AskedVolume__Output } from '../../../stowage/agent/v1/AskedVolume.ts';
import type { ContentSource as _stowage_agent_v1_ContentSource, ContentSource__Output as _stowage_agent_v1_ContentSource__Output } from '../../../stowage/agent/v1/ContentSource.ts';
import type { VolumeOwner as _stowage_agent_v1_VolumeOwner, VolumeOwner__Output as _stowage_agent_v1_VolumeOwner__Output } from '../../../stowage/agent/v1/VolumeOwner.ts';
import type { Claim as _stowage_agent_v1_Claim, Claim__Output as _stowage_agent_v1_Claim__Output } from '../../../stowage/agent/v1/Claim.ts';
import type { OnDelete as _stowage_agent_v1_OnDelete, OnDelete__Output as _stowage_agent_v1_OnDelete__Output } from '../../../stowage/agent/v1/OnDelete.ts';
import type { Long } from '@grpc/proto-loader';

export interface VolumeRecord {
  'poolId'?: (string);
  'formatVersion'?: (number);
  'id'?: (string);
  'name'?: (string);
  'capacityBytes'?: (number | string | Long);
  'directory'?: (_stowage_agent_v1_DirectoryKept | null);
  'image'?: (_stowage_agent_v1_ImageKept | null);
  'asked'?: (_stowage_agent_v1_AskedVolume | null);
  'source'?: (_stowage_agent_v1_ContentSource | null);
  'family'?: (string);
  'owner'?: (_stowage_agent_v1_VolumeOwner | null);
  'claim'?: (_stowage_agent_v1_Claim | null);
  'nonce'?: (string);
  'createdAt'?: (string);
  'onDelete'?: (_stowage_agent_v1_OnDelete);
  'kept'?: "directory"|"image";
  '_family'?: "family";
}

export interface VolumeRecord__Output {
  'poolId': (string);
  'formatVersion': (number);
  'id': (string);
  'name': (string);
  'capacityBytes': (string);
  'directory'?: (_stowage_agent_v1_DirectoryKept__Output | null);
  'image'?: (_stowage_agent_v1_ImageKept__Output | null);
  'asked': (_stowage_agent_v1_AskedVolume__Output | null);
  'source': (_stowage_agent_v1_ContentSource__Output | null);
  'family'?: (string);
  'owner': (_stowage_agent_v1_VolumeOwner__Output | null);
  'claim': (_stowage_agent_v1_Claim__Output | null);
  'nonce': (string);
  'createdAt': (string);
  'onDelete': (_stowage_agent_v1_OnDelete__Output);
  'kept'?: "directory"|"image";
  '_family'?: "family";
}
