// Original file: proto/stowage/agent/v1/agent.proto

export const QuotaKind = {
  QUOTA_KIND_UNSPECIFIED: 'QUOTA_KIND_UNSPECIFIED',
  QUOTA_KIND_NONE: 'QUOTA_KIND_NONE',
  QUOTA_KIND_PROJECT: 'QUOTA_KIND_PROJECT',
  QUOTA_KIND_QGROUP: 'QUOTA_KIND_QGROUP',
} as const;

export type QuotaKind =
  | 'QUOTA_KIND_UNSPECIFIED'
  | 0
  | 'QUOTA_KIND_NONE'
  | 1
  | 'QUOTA_KIND_PROJECT'
  | 2
  | 'QUOTA_KIND_QGROUP'
  | 3

export type QuotaKind__Output = typeof QuotaKind[keyof typeof QuotaKind]
