import { join } from 'node:path';
import type { ObjectId } from '../domain/ids.ts';

/** Name of the record in an object's directory. */
export const RECORD_FILES = { volume: 'volume.json', snapshot: 'snapshot.json' } as const;

/** Name of the content in an object's directory, by layout. */
export const CONTENT_NAMES = { directory: 'data', image: 'disk.img' } as const;

/** What a store has at its root. */
const OWN_NAMES = ['.stowage', 'volumes', 'snapshots', 'by-claim', 'retained', 'archived'] as const;

/** Whether a name at the root of a store is one of its own. */
export function isOwnName(name: string): boolean {
  return OWN_NAMES.some((own) => own === name);
}

/** Where everything of one store is. Hashes come from parseObjectId or hashName only: nothing here checks them again. */
export interface StorePaths {
  readonly root: string;
  readonly control: string;
  readonly poolRecord: string;
  /** Locked by whoever has the pool open. */
  readonly lock: string;
  readonly staging: string;
  readonly trash: string;
  /** Leases of records, where several programs work on the pool. */
  readonly leases: string;
  /** What is being taken over: `<hash>/`. Nobody sweeps here, since all of it is somebody's data. */
  readonly adoptions: string;
  readonly volumes: string;
  readonly snapshots: string;
  readonly byClaim: string;
  /** Where volumes go that are to be kept when they are deleted. */
  readonly setAside: Readonly<Record<'retain' | 'archive', string>>;
  /** The directory of a volume or snapshot. */
  objectDirectory(kind: ObjectId['kind'], hash: string): string;
}

/** The tree of a store below its root directory. */
export function createStorePaths(root: string): StorePaths {
  const control = join(root, '.stowage');
  const volumes = join(root, 'volumes');
  const snapshots = join(root, 'snapshots');
  return {
    root,
    control,
    poolRecord: join(control, 'pool.json'),
    lock: join(control, 'lock'),
    staging: join(control, 'staging'),
    trash: join(control, 'trash'),
    leases: join(control, 'leases'),
    adoptions: join(control, 'adoptions'),
    volumes,
    snapshots,
    byClaim: join(root, 'by-claim'),
    setAside: { retain: join(root, 'retained'), archive: join(root, 'archived') },
    objectDirectory: (kind, hash) => join(kind === 'volume' ? volumes : snapshots, hash),
  };
}
