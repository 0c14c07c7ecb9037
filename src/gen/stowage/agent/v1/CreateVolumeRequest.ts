// Original file: proto/stowage/agent/v1/agent.proto

import type { CapacityRange as _stowage_agent_v1_CapacityRange, CapacityRange__Output as _stowage_agent_v1_CapacityRange__Output } from '../../../stowage/agent/v1/CapacityRange.ts';
import type { AccessType as _stowage_agent_v1_AccessType, AccessType__Output as _stowage_agent_v1_AccessType__Output } from '../../../stowage/agent/v1/AccessType.ts';
import type { Layout as _stowage_agent_v1_Layout, Layout__Output as _stowage_agent_v1_Layout__Output } from '../../../stowage/agent/v1/Layout.ts';
import type { QuotaDemand as _stowage_agent_v1_QuotaDemand, QuotaDemand__Output as _stowage_agent_v1_QuotaDemand__Output } from '../../../stowage/agent/v1/QuotaDemand.ts';
import type { Isolation as _stowage_agent_v1_Isolation, Isolation__Output as _stowage_agent_v1_Isolation__Output } from '../../../stowage/agent/v1/Isolation.ts';
import type { VolumeOwner as _stowage_agent_v1_VolumeOwner, VolumeOwner__Output as _stowage_agent_v1_VolumeOwner__Output } from '../../../stowage/agent/v1/VolumeOwner.ts';
import type { ContentSource as _stowage_agent_v1_ContentSource, ContentSource__Output as _stowage_agent_v1_ContentSource__Output } from '../../../stowage/agent/v1/ContentSource.ts';
import type { Claim as _stowage_agent_v1_Claim, Claim__Output as _stowage_agent_v1_Claim__Output } from '../../../stowage/agent/v1/Claim.ts';
import type { ContentOrigin as _stowage_agent_v1_ContentOrigin, ContentOrigin__Output as _stowage_agent_v1_ContentOrigin__Output } from '../../../stowage/agent/v1/ContentOrigin.ts';
import type { OnDelete as _stowage_agent_v1_OnDelete, OnDelete__Output as _stowage_agent_v1_OnDelete__Output } from '../../../stowage/agent/v1/OnDelete.ts';

export interface CreateVolumeRequest {
  'poolId'?: (string);
  'name'?: (string);
  'range'?: (_stowage_agent_v1_CapacityRange | null);
  'accessType'?: (_stowage_agent_v1_AccessType);
  'fsType'?: (string);
  'layout'?: (_stowage_agent_v1_Layout);
  'quota'?: (_stowage_agent_v1_QuotaDemand);
  'isolation'?: (_stowage_agent_v1_Isolation);
  'preallocate'?: (boolean);
  'owner'?: (_stowage_agent_v1_VolumeOwner | null);
  'source'?: (_stowage_agent_v1_ContentSource | null);
  'claim'?: (_stowage_agent_v1_Claim | null);
  'askedParameters'?: ({[key: string]: string});
  'origin'?: (_stowage_agent_v1_ContentOrigin | null);
  'onDelete'?: (_stowage_agent_v1_OnDelete);
  '_fsType'?: "fsType";
}

export interface CreateVolumeRequest__Output {
  'poolId': (string);
  'name': (string);
  'range': (_stowage_agent_v1_CapacityRange__Output | null);
  'accessType': (_stowage_agent_v1_AccessType__Output);
  'fsType'?: (string);
  'layout': (_stowage_agent_v1_Layout__Output);
  'quota': (_stowage_agent_v1_QuotaDemand__Output);
  'isolation': (_stowage_agent_v1_Isolation__Output);
  'preallocate': (boolean);
  'owner': (_stowage_agent_v1_VolumeOwner__Output | null);
  'source': (_stowage_agent_v1_ContentSource__Output | null);
  'claim': (_stowage_agent_v1_Claim__Output | null);
  'askedParameters': ({[key: string]: string});
  'origin': (_stowage_agent_v1_ContentOrigin__Output | null);
  'onDelete': (_stowage_agent_v1_OnDelete__Output);
  '_fsType'?: "fsType";
}
