// Original file: proto/stowage/agent/v1/agent.proto

export const ImageCopying = {
  IMAGE_COPYING_UNSPECIFIED: 'IMAGE_COPYING_UNSPECIFIED',
  IMAGE_COPYING_INSTANT: 'IMAGE_COPYING_INSTANT',
  IMAGE_COPYING_COPY: 'IMAGE_COPYING_COPY',
} as const;

export type ImageCopying =
  | 'IMAGE_COPYING_UNSPECIFIED'
  | 0
  | 'IMAGE_COPYING_INSTANT'
  | 1
  | 'IMAGE_COPYING_COPY'
  | 2

export type ImageCopying__Output = typeof ImageCopying[keyof typeof ImageCopying]
