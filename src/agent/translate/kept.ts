import { withoutUndefined } from '../../base/defined.ts';
import type { Kept } from '../../filestore/records.ts';
import type { DirectoryKept, DirectoryKept__Output } from '../../gen/stowage/agent/v1/DirectoryKept.ts';
import type { ImageKept, ImageKept__Output } from '../../gen/stowage/agent/v1/ImageKept.ts';
import { ACCESS_TYPES, findWord, QUOTA_KINDS } from './enums.ts';
import { toNumber, toOptionalNumber } from './parse.ts';

/** How something is kept: a member of a oneof on the wire. */
export function toKeptMessage(kept: Kept): { directory: DirectoryKept } | { image: ImageKept } {
  if (kept.layout === 'directory') {
    const { quota, projectId, unlimited } = kept;
    return {
      directory: {
        quota: QUOTA_KINDS[quota],
        ...withoutUndefined({ projectId }),
        unlimited: unlimited === true,
      },
    };
  }
  const { accessType, fsType, sectorSizeBytes, preallocated, identityPending, ownerPending } = kept;
  return {
    image: {
      accessType: ACCESS_TYPES[accessType],
      ...withoutUndefined({ fsType }),
      sectorSizeBytes,
      preallocated,
      identityPending,
      ownerPending: ownerPending === true,
    },
  };
}

/** What the schema of records is to judge. */
export function toKeptCandidate(message: {
  readonly directory?: DirectoryKept__Output | null;
  readonly image?: ImageKept__Output | null;
}): unknown {
  const { directory, image } = message;
  if (directory !== undefined && directory !== null) {
    return {
      layout: 'directory',
      quota: findWord(QUOTA_KINDS, directory.quota),
      ...withoutUndefined({ projectId: toOptionalNumber(directory.projectId) }),
      ...(directory.unlimited ? { unlimited: true } : {}),
    };
  }
  if (image === undefined || image === null) return undefined;
  return {
    layout: 'image',
    accessType: findWord(ACCESS_TYPES, image.accessType),
    ...withoutUndefined({ fsType: image.fsType }),
    sectorSizeBytes: toNumber(image.sectorSizeBytes),
    preallocated: image.preallocated,
    identityPending: image.identityPending,
    ...(image.ownerPending ? { ownerPending: true } : {}),
  };
}
