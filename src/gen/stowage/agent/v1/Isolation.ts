// Original file: proto/stowage/agent/v1/agent.proto

export const Isolation = {
  ISOLATION_UNSPECIFIED: 'ISOLATION_UNSPECIFIED',
  ISOLATION_STANDARD: 'ISOLATION_STANDARD',
  ISOLATION_STRICT: 'ISOLATION_STRICT',
} as const;

export type Isolation =
  | 'ISOLATION_UNSPECIFIED'
  | 0
  | 'ISOLATION_STANDARD'
  | 1
  | 'ISOLATION_STRICT'
  | 2

export type Isolation__Output = typeof Isolation[keyof typeof Isolation]
