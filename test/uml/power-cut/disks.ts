import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { PoolConfig } from '../../support/server.ts';

const exec = promisify(execFile);

const XFS = { device: '/dev/ubda', path: '/mnt/xfs' };
const EXT4 = { device: '/dev/ubdb', path: '/mnt/ext4' };

/** Where the server keeps what has to outlive a reboot. */
export const STATE_DIRECTORY = `${EXT4.path}/state`;

/** The pools of the suite: an xfs with project quotas, a plain ext4, and a file with an xfs in it on that ext4. */
export const POOLS = [
  { name: 'xfs', path: `${XFS.path}/pool` },
  { name: 'ext4', path: `${EXT4.path}/pool` },
  {
    name: 'file',
    path: `${EXT4.path}/mounted`,
    backing: { type: 'file', path: `${EXT4.path}/pool.img`, size: '1Gi' },
  },
] as const satisfies readonly PoolConfig[];

/** One kind of volume. Each worker has one. */
export interface Shape {
  /** Of the StorageClass. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether a volume can be copied while it is attached; an image can't where files are not cloned. */
  readonly isCopiedInUse: boolean;
  /** Whether its size is its own, and not that of the pool. */
  readonly isLimited: boolean;
}

export const SHAPES: Readonly<Record<string, Shape>> = {
  'directory on xfs': toShape({ pool: 'xfs', layout: 'directory' }),
  'image on xfs': toShape({ pool: 'xfs', layout: 'image' }),
  'directory in a file': toShape({ pool: 'file', layout: 'directory' }),
  'image on ext4': toShape({ pool: 'ext4', layout: 'image' }, { isCopiedInUse: false }),
  'directory on ext4': toShape({ pool: 'ext4', layout: 'directory', quota: 'none' }, { isLimited: false }),
};

function toShape(parameters: Shape['parameters'], other: Partial<Shape> = {}): Shape {
  return { parameters, isCopiedInUse: true, isLimited: true, ...other };
}

/** Formats the disks, once. */
export async function formatDisks(): Promise<void> {
  await exec('mkfs.xfs', ['-q', XFS.device]);
  await exec('mkfs.ext4', ['-q', EXT4.device]);
}

/** Mounts the disks as a machine does when it boots, and makes the folders of the pools. */
export async function mountDisks(): Promise<void> {
  for (const { path } of [XFS, EXT4]) await mkdir(path, { recursive: true });
  await exec('mount', ['-o', 'prjquota', XFS.device, XFS.path]);
  await exec('mount', [EXT4.device, EXT4.path]);
  for (const { path } of POOLS) await mkdir(path, { recursive: true });
}
