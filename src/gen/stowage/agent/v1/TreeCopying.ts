// Original file: proto/stowage/agent/v1/agent.proto

export const TreeCopying = {
  TREE_COPYING_UNSPECIFIED: 'TREE_COPYING_UNSPECIFIED',
  TREE_COPYING_INSTANT: 'TREE_COPYING_INSTANT',
  TREE_COPYING_REFLINK: 'TREE_COPYING_REFLINK',
  TREE_COPYING_PLAIN: 'TREE_COPYING_PLAIN',
} as const;

export type TreeCopying =
  | 'TREE_COPYING_UNSPECIFIED'
  | 0
  | 'TREE_COPYING_INSTANT'
  | 1
  | 'TREE_COPYING_REFLINK'
  | 2
  | 'TREE_COPYING_PLAIN'
  | 3

export type TreeCopying__Output = typeof TreeCopying[keyof typeof TreeCopying]
