import type { MountAccess } from '../../../domain/access.ts';
import { toBindFlags } from '../mount-flags.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';

/** Where and how a volume with a file system is staged. The path is canonical. */
export interface StagePlace {
  readonly stagingPath: string;
  readonly access: MountAccess;
}

/** Stages a directory: a bind mount of its tree. */
export async function stageDirectory(
  { mounts }: Pick<FileNodeContext, 'mounts'>,
  { path }: LocalVolume,
  { stagingPath, access }: StagePlace,
  signal: AbortSignal,
): Promise<void> {
  await mounts.bind(
    { source: path, target: stagingPath, readOnly: false, options: toBindFlags(access.mountFlags) },
    signal,
  );
}
