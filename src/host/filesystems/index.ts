import type { FsType } from '../../domain/access.ts';
import type { Commands } from '../host.ts';
import type { Syscalls } from '../syscalls/syscalls.ts';
import { createBtrfs } from './btrfs.ts';
import { createExt4 } from './ext4.ts';
import type { Filesystem } from './filesystem.ts';
import { createXfs } from './xfs.ts';

/** What every kind of file system is built from. */
export interface FilesystemDeps {
  readonly commands: Commands;
  readonly syscalls: Syscalls;
}

/** One line per kind of file system. */
const FACTORIES: Readonly<Record<FsType, (deps: FilesystemDeps) => Filesystem>> = {
  ext4: createExt4,
  xfs: createXfs,
  btrfs: createBtrfs,
};

/** The kinds of file system that this driver makes, by their type. */
export interface Filesystems {
  getFilesystem(type: FsType): Filesystem;
}

/** Builds every kind of file system once. */
export function createFilesystems(deps: FilesystemDeps): Filesystems {
  const byType: Readonly<Record<FsType, Filesystem>> = {
    ext4: FACTORIES.ext4(deps),
    xfs: FACTORIES.xfs(deps),
    btrfs: FACTORIES.btrfs(deps),
  };
  return { getFilesystem: (type) => byType[type] };
}
