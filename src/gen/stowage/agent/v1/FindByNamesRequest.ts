// Original file: proto/stowage/agent/v1/agent.proto

import type { NameQuestion as _stowage_agent_v1_NameQuestion, NameQuestion__Output as _stowage_agent_v1_NameQuestion__Output } from '../../../stowage/agent/v1/NameQuestion.ts';

export interface FindByNamesRequest {
  'questions'?: (_stowage_agent_v1_NameQuestion)[];
}

export interface FindByNamesRequest__Output {
  'questions': (_stowage_agent_v1_NameQuestion__Output)[];
}
