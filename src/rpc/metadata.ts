import { Metadata } from '@grpc/grpc-js';
import type { CallMetadata } from './service.ts';

/** Trailer with the code of a DriverError, for callers that are programs of ours. */
export const ERROR_TRAILER = 'stowage-error';

/** Texts as gRPC metadata. */
export function toMetadata(texts: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(texts)) metadata.set(name, value);
  return metadata;
}

/** gRPC metadata as texts; what is binary is not found. */
export function toCallMetadata(metadata: Metadata): CallMetadata {
  return {
    find(name) {
      const [value] = metadata.get(name);
      return typeof value === 'string' ? value : undefined;
    },
  };
}
