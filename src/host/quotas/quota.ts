/** How a directory tree is kept and limited. To add a way: a file beside this and a line in index.ts. */
export interface QuotaKind {
  /** `project`: xfs or ext4 project quota. `qgroup`: a btrfs subvolume with a qgroup. `none`: a plain directory. */
  readonly name: QuotaName;
  /** Whether the limit binds everybody, root included. ext4's does not bind CAP_SYS_RESOURCE; `none` binds nobody. */
  readonly isHard: boolean;
  /** How a tree is duplicated here. */
  readonly copying: 'instant' | 'reflink' | 'plain';
  /** Makes an empty tree at `path` (which does not exist) with this limit, and reads the limit back. */
  createTree(tree: NewTree, signal: AbortSignal): Promise<TreeHandle>;
  /** Makes a tree at `path` with the contents of `source`. `limitBytes` ≥ what the source uses. Leaves a part behind when it fails: the caller discards it. */
  copyTree(tree: NewTree & { readonly source: string }, signal: AbortSignal): Promise<TreeHandle>;
  /** Removes the tree and its quota, nested subvolumes included. Missing is fine; idempotent. */
  removeTree(
    tree: { readonly path: string; readonly handle: TreeHandle },
    signal: AbortSignal,
  ): Promise<void>;
  /** Changes the limit and reads it back. */
  setLimit(tree: LimitedTree, signal: AbortSignal): Promise<void>;
  getUsage(
    tree: { readonly path: string; readonly handle: TreeHandle },
    signal: AbortSignal,
  ): Promise<TreeUsage>;
  /** What keeps the limit from holding: a changed project id, nested subvolumes, a missing limit. Re-stamps what it can; returns sentences. */
  verify(tree: LimitedTree, signal: AbortSignal): Promise<readonly string[]>;
  /** Left out where a directory that is there already cannot become a tree of this kind without being copied. */
  readonly adoption?: TreeAdoption;
}

/** Directories that others made, taken over as they are. */
export interface TreeAdoption {
  /**
   * Makes an existing directory a tree of this kind, with all that is in it. Throws SIZE_OUT_OF_RANGE when it holds more than the limit. Can be repeated
   * after it was cut short.
   */
  adoptTree(tree: Pick<NewTree, 'path' | 'limitBytes'>, signal: AbortSignal): Promise<TreeHandle>;
  /** The reverse, of what was cut short, too: a directory that can go back to where it came from, which is a place in `parent`. */
  releaseTree(tree: { readonly path: string; readonly parent: string }, signal: AbortSignal): Promise<void>;
}

export type QuotaName = 'project' | 'qgroup' | 'none';

/** What a record keeps to find a tree's quota again. */
export interface TreeHandle {
  readonly quota: QuotaName;
  /** Project id; set for `project` only. */
  readonly projectId?: number | undefined;
}

export interface NewTree {
  readonly path: string;
  /** Undefined: no limit (snapshots; `quota: none`). */
  readonly limitBytes: number | undefined;
  readonly readOnly?: boolean;
}

export interface LimitedTree {
  readonly path: string;
  readonly handle: TreeHandle;
  readonly limitBytes: number | undefined;
}

export interface TreeUsage {
  readonly usedBytes: number;
  /** What of it certainly no other tree shares. Left out where nobody can say. */
  readonly exclusiveBytes?: number | undefined;
  readonly usedInodes: number | undefined;
}
