/** What a pool's directory stands on. */
export type PoolBacking =
  /** The directory as it is. */
  | {
      readonly type: 'none';
      /** Where a whole file system has to be mounted for the pool to be one; the path is there or below. Default: anything does. */
      readonly mountPoint?: string | undefined;
    }
  /** A file with an xfs of its own, mounted at the pool's path. */
  | {
      readonly type: 'file';
      readonly path: string;
      /** In bytes. Raising it grows the pool while it is in use. */
      readonly size: number;
      /** Do not preallocate. */
      readonly sparse: boolean;
    }
  /** A disk or partition with an xfs of its own, mounted at the pool's path. */
  | { readonly type: 'device'; readonly device: string };

/** One pool as it is configured. */
export interface PoolPlace {
  readonly name: string;
  readonly path: string;
  readonly backing: PoolBacking;
}
