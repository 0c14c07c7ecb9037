// Original file: proto/stowage/agent/v1/agent.proto

export const Consistency = {
  CONSISTENCY_UNSPECIFIED: 'CONSISTENCY_UNSPECIFIED',
  CONSISTENCY_FROZEN: 'CONSISTENCY_FROZEN',
  CONSISTENCY_UNMOUNTED: 'CONSISTENCY_UNMOUNTED',
  CONSISTENCY_CRASH: 'CONSISTENCY_CRASH',
  CONSISTENCY_PER_FILE: 'CONSISTENCY_PER_FILE',
} as const;

export type Consistency =
  | 'CONSISTENCY_UNSPECIFIED'
  | 0
  | 'CONSISTENCY_FROZEN'
  | 1
  | 'CONSISTENCY_UNMOUNTED'
  | 2
  | 'CONSISTENCY_CRASH'
  | 3
  | 'CONSISTENCY_PER_FILE'
  | 4

export type Consistency__Output = typeof Consistency[keyof typeof Consistency]
