// Original file: proto/stowage/agent/v1/agent.proto

export const AccessType = {
  ACCESS_TYPE_UNSPECIFIED: 'ACCESS_TYPE_UNSPECIFIED',
  ACCESS_TYPE_MOUNT: 'ACCESS_TYPE_MOUNT',
  ACCESS_TYPE_BLOCK: 'ACCESS_TYPE_BLOCK',
} as const;

export type AccessType =
  | 'ACCESS_TYPE_UNSPECIFIED'
  | 0
  | 'ACCESS_TYPE_MOUNT'
  | 1
  | 'ACCESS_TYPE_BLOCK'
  | 2

export type AccessType__Output = typeof AccessType[keyof typeof AccessType]
