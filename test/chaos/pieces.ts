import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../src/base/errno.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { createStorePaths } from '../../src/filestore/paths.ts';

/** Content is text at the beginning of the image, or of a file in the tree. */
const MARK_BYTES = 4096;

/** A volume or snapshot that a client has been told of, and what it must be. */
export interface Piece {
  readonly kind: 'volume' | 'snapshot';
  readonly name: string;
  readonly id: string;
  readonly node: string;
  readonly layout: 'image' | 'directory';
  readonly sizeBytes: number;
  /** As CreateVolume gave it. */
  readonly context: Readonly<Record<string, string>>;
  /** What was written last, before a snapshot or copy was made of it. */
  readonly mark: string;
  /** Where a pod has it: a directory, or a device. Undefined while no pod does. */
  readonly usedAt?: string | undefined;
}

/** Where the pools of the nodes are. */
export type PoolPaths = ReadonlyMap<string, string>;

/** Writes the mark of a volume where a pod has it, or else to its disk, past the driver. */
export async function writeMark(pools: PoolPaths, piece: Piece): Promise<void> {
  await using file = await open(toMarkPath(pools, piece), piece.layout === 'image' ? 'r+' : 'w');
  await file.write(toMark(piece.mark), 0, MARK_BYTES, 0);
  await file.sync();
}

/** Whether the content is what it must be, for the pod that has the volume, or else on the disk. False also when it is not there. */
export async function hasMark(pools: PoolPaths, piece: Piece): Promise<boolean> {
  try {
    await using file = await open(toMarkPath(pools, piece), 'r');
    const { buffer } = await file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0);
    return buffer.equals(toMark(piece.mark));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Names of everything that the pools hold: `alpha/volumes/<hash>`. What is being made or removed counts as well. */
export async function listDisks(pools: PoolPaths): Promise<readonly string[]> {
  const found = await Promise.all(
    [...pools].map(async ([node, root]) => {
      const paths = createStorePaths(root);
      const folders = {
        volumes: paths.volumes,
        snapshots: paths.snapshots,
        staging: paths.staging,
        trash: paths.trash,
      };
      const names = await Promise.all(
        Object.entries(folders).map(async ([folder, path]) =>
          (await listIfThere(path)).map((name) => `${node}/${folder}/${name}`),
        ),
      );
      return names.flat();
    }),
  );
  return found.flat().sort();
}

/** How {@link listDisks} calls a piece. */
export function toDiskName({ kind, id, node }: Piece): string {
  return `${node}/${kind}s/${parseObjectId(id)?.hash ?? 'no id'}`;
}

function toMarkPath(pools: PoolPaths, piece: Piece): string {
  if (piece.usedAt === undefined) return toContentPath(pools, piece);
  return piece.layout === 'image' ? piece.usedAt : join(piece.usedAt, 'mark');
}

function toContentPath(pools: PoolPaths, { kind, id, node, layout }: Piece): string {
  const root = pools.get(node);
  const hash = parseObjectId(id)?.hash;
  if (root === undefined || hash === undefined) throw new Error(`${id} on ${node} is nowhere`);
  const directory = createStorePaths(root).objectDirectory(kind, hash);
  return layout === 'image' ? join(directory, 'disk.img') : join(directory, 'data', 'mark');
}

function toMark(text: string): Buffer {
  return Buffer.alloc(MARK_BYTES, `${text}\n`);
}

async function listIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
