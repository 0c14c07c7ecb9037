// Original file: proto/stowage/agent/v1/agent.proto

export const QuotaDemand = {
  QUOTA_DEMAND_UNSPECIFIED: 'QUOTA_DEMAND_UNSPECIFIED',
  QUOTA_DEMAND_REQUIRED: 'QUOTA_DEMAND_REQUIRED',
  QUOTA_DEMAND_NONE: 'QUOTA_DEMAND_NONE',
} as const;

export type QuotaDemand =
  | 'QUOTA_DEMAND_UNSPECIFIED'
  | 0
  | 'QUOTA_DEMAND_REQUIRED'
  | 1
  | 'QUOTA_DEMAND_NONE'
  | 2

export type QuotaDemand__Output = typeof QuotaDemand[keyof typeof QuotaDemand]
