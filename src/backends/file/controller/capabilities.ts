import { quote } from '../../../base/quote.ts';
import type { FsType, VolumeCapability } from '../../../domain/access.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import { findUnbindableFlag } from '../mount-flags.ts';

/** How a volume is to be used, once all of its capabilities are known to agree. */
export interface VolumeUse {
  readonly accessType: 'mount' | 'block';
  /** As asked; undefined when left open. */
  readonly fsType: FsType | undefined;
}

/**
 * Why volumes that live on one node cannot be used so; undefined when they can. Several readers are fine: all of them run on the
 * volume's node.
 */
export function findSingleNodeObjection(capabilities: readonly VolumeCapability[]): string | undefined {
  const writer = capabilities.find(
    ({ mode }) => mode === 'MULTI_NODE_SINGLE_WRITER' || mode === 'MULTI_NODE_MULTI_WRITER',
  );
  if (writer === undefined) return undefined;
  return `Access mode ${writer.mode} needs a volume that several nodes can write to, but a host-path volume lives on one node. Use the NFS driver (nfs.stowage.dev) for ReadWriteMany.`;
}

/** Throws INVALID_ARGUMENT for what {@link findSingleNodeObjection} objects to. */
export function checkSingleNode(capabilities: readonly VolumeCapability[]): void {
  const objection = findSingleNodeObjection(capabilities);
  if (objection !== undefined) throw new DriverError('INVALID_ARGUMENT', objection);
}

/** The first mount option that needs a file system of the volume's own, so an image; undefined when a directory will do. */
export function findImageFlag(capabilities: readonly VolumeCapability[]): string | undefined {
  for (const { access } of capabilities) {
    const flag = access.kind === 'mount' ? findUnbindableFlag(access.mountFlags) : undefined;
    if (flag !== undefined) return flag;
  }
  return undefined;
}

/** The one use that all capabilities agree on. Throws INVALID_ARGUMENT when they contradict each other. */
export function parseVolumeUse(capabilities: readonly VolumeCapability[]): VolumeUse {
  const kinds = new Set(capabilities.map(({ access }) => access.kind));
  if (kinds.size > 1) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      'The capabilities ask for a mounted file system and for a raw block device at once; a volume is one of the two. Ask for one.',
    );
  }
  const fsTypes = [
    ...new Set(
      capabilities.flatMap(({ access }) =>
        access.kind === 'mount' && access.fsType !== undefined ? [access.fsType] : [],
      ),
    ),
  ];
  if (fsTypes.length > 1) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `The capabilities ask for the file systems ${fsTypes.join(' and ')} at once; a volume has one. Ask for one.`,
    );
  }
  return { accessType: kinds.has('block') ? 'block' : 'mount', fsType: fsTypes[0] };
}

/** Why this volume cannot be used in these ways; undefined when it can. */
export function findUseObjection(
  record: VolumeRecord,
  capabilities: readonly VolumeCapability[],
): string | undefined {
  for (const { access } of capabilities) {
    const objection = findAccessObjection(record, access);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function findAccessObjection(record: VolumeRecord, access: VolumeCapability['access']): string | undefined {
  const { kept } = record;
  const keptFor = kept.layout === 'image' ? kept.accessType : 'mount';
  if (access.kind !== keptFor) {
    return `Volume ${record.id} was made for ${keptFor} access and cannot be used for ${access.kind} access.`;
  }
  if (access.kind === 'block') return undefined;
  if (kept.layout === 'directory') return findFlagObjection(record.id, access.mountFlags);
  if (access.fsType === undefined || kept.fsType === undefined || access.fsType === kept.fsType)
    return undefined;
  return `Volume ${record.id} has ${kept.fsType} and cannot be used as ${access.fsType}.`;
}

function findFlagObjection(id: string, flags: readonly string[]): string | undefined {
  const flag = findUnbindableFlag(flags);
  if (flag === undefined) return undefined;
  return `Volume ${id} is a directory of its pool, which the mount option ${quote(flag)} does not exist for. Remove it from mountOptions, or use layout: image.`;
}
