// Original file: proto/stowage/agent/v1/agent.proto

export const OnDelete = {
  ON_DELETE_UNSPECIFIED: 'ON_DELETE_UNSPECIFIED',
  ON_DELETE_RETAIN: 'ON_DELETE_RETAIN',
  ON_DELETE_ARCHIVE: 'ON_DELETE_ARCHIVE',
} as const;

export type OnDelete =
  | 'ON_DELETE_UNSPECIFIED'
  | 0
  | 'ON_DELETE_RETAIN'
  | 1
  | 'ON_DELETE_ARCHIVE'
  | 2

export type OnDelete__Output = typeof OnDelete[keyof typeof OnDelete]
