// Original file: proto/stowage/agent/v1/agent.proto

import type { QuotaKind as _stowage_agent_v1_QuotaKind, QuotaKind__Output as _stowage_agent_v1_QuotaKind__Output } from '../../../stowage/agent/v1/QuotaKind.ts';
import type { ImageCopying as _stowage_agent_v1_ImageCopying, ImageCopying__Output as _stowage_agent_v1_ImageCopying__Output } from '../../../stowage/agent/v1/ImageCopying.ts';
import type { TreeCopying as _stowage_agent_v1_TreeCopying, TreeCopying__Output as _stowage_agent_v1_TreeCopying__Output } from '../../../stowage/agent/v1/TreeCopying.ts';

export interface StoreAbilities {
  'quota'?: (_stowage_agent_v1_QuotaKind);
  'quotaIsHard'?: (boolean);
  'imageCopying'?: (_stowage_agent_v1_ImageCopying);
  'treeCopying'?: (_stowage_agent_v1_TreeCopying);
  'fsType'?: (string);
}

export interface StoreAbilities__Output {
  'quota': (_stowage_agent_v1_QuotaKind__Output);
  'quotaIsHard': (boolean);
  'imageCopying': (_stowage_agent_v1_ImageCopying__Output);
  'treeCopying': (_stowage_agent_v1_TreeCopying__Output);
  'fsType': (string);
}
