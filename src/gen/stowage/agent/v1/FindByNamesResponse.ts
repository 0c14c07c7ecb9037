// Original file: proto/stowage/agent/v1/agent.proto

import type { NameAnswer as _stowage_agent_v1_NameAnswer, NameAnswer__Output as _stowage_agent_v1_NameAnswer__Output } from '../../../stowage/agent/v1/NameAnswer.ts';

export interface FindByNamesResponse {
  'answers'?: (_stowage_agent_v1_NameAnswer)[];
}

export interface FindByNamesResponse__Output {
  'answers': (_stowage_agent_v1_NameAnswer__Output)[];
}
