/** Words of the domain and their names on the wire; what is unspecified there has no word here. */
export const ACCESS_TYPES = { mount: 'ACCESS_TYPE_MOUNT', block: 'ACCESS_TYPE_BLOCK' } as const;

export const LAYOUTS = {
  auto: 'LAYOUT_AUTO',
  directory: 'LAYOUT_DIRECTORY',
  image: 'LAYOUT_IMAGE',
} as const;

export const QUOTA_DEMANDS = { required: 'QUOTA_DEMAND_REQUIRED', none: 'QUOTA_DEMAND_NONE' } as const;

export const ISOLATIONS = { standard: 'ISOLATION_STANDARD', strict: 'ISOLATION_STRICT' } as const;

/** To remove the content is what is unspecified. */
export const ON_DELETES = { retain: 'ON_DELETE_RETAIN', archive: 'ON_DELETE_ARCHIVE' } as const;

export const QUOTA_KINDS = {
  none: 'QUOTA_KIND_NONE',
  project: 'QUOTA_KIND_PROJECT',
  qgroup: 'QUOTA_KIND_QGROUP',
} as const;

export const IMAGE_COPYINGS = { instant: 'IMAGE_COPYING_INSTANT', copy: 'IMAGE_COPYING_COPY' } as const;

export const TREE_COPYINGS = {
  instant: 'TREE_COPYING_INSTANT',
  reflink: 'TREE_COPYING_REFLINK',
  plain: 'TREE_COPYING_PLAIN',
} as const;

export const CONSISTENCIES = {
  frozen: 'CONSISTENCY_FROZEN',
  unmounted: 'CONSISTENCY_UNMOUNTED',
  crash: 'CONSISTENCY_CRASH',
  'per-file': 'CONSISTENCY_PER_FILE',
} as const;

/** What becomes of a volume's content, as it is sent. */
export function toOnDeleteName(
  word: 'delete' | keyof typeof ON_DELETES | undefined,
): 'ON_DELETE_UNSPECIFIED' | (typeof ON_DELETES)[keyof typeof ON_DELETES] {
  return word === undefined || word === 'delete' ? 'ON_DELETE_UNSPECIFIED' : ON_DELETES[word];
}

/** The word for a name on the wire; undefined for one that is unspecified or not known here. */
export function findWord(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.keys(table).find((word) => table[word] === name);
}
