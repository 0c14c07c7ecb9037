// Original file: proto/stowage/agent/v1/agent.proto

export const Layout = {
  LAYOUT_UNSPECIFIED: 'LAYOUT_UNSPECIFIED',
  LAYOUT_AUTO: 'LAYOUT_AUTO',
  LAYOUT_DIRECTORY: 'LAYOUT_DIRECTORY',
  LAYOUT_IMAGE: 'LAYOUT_IMAGE',
} as const;

export type Layout =
  | 'LAYOUT_UNSPECIFIED'
  | 0
  | 'LAYOUT_AUTO'
  | 1
  | 'LAYOUT_DIRECTORY'
  | 2
  | 'LAYOUT_IMAGE'
  | 3

export type Layout__Output = typeof Layout[keyof typeof Layout]
