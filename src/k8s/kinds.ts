/** A kind of object of the Kubernetes API, as its paths and its rules of access name it. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** As objects name themselves: `Secret`. */
  readonly kind: string;
  readonly namespaced: boolean;
}

export const PODS: Kind = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
export const SECRETS: Kind = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
};
export const EVENTS: Kind = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
export const NAMESPACES: Kind = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const PERSISTENT_VOLUMES: Kind = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};
export const LEASES: Kind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const POOLS: Kind = {
  group: 'stowage.dev',
  version: 'v1alpha1',
  plural: 'pools',
  kind: 'Pool',
  namespaced: false,
};

export const TOMBSTONES: Kind = {
  group: 'stowage.dev',
  version: 'v1alpha1',
  plural: 'tombstones',
  kind: 'Tombstone',
  namespaced: false,
};

/** Where objects of a kind are, or one of them: `/api/v1/namespaces/NAMESPACE/secrets/NAME`. */
export function toPath(
  kind: Kind,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return kind.plural === '' ? root : `${root}${scope}/${kind.plural}${object}`;
}

/** `apiVersion` and `kind`, which every object that is sent has to begin with. */
export function toTypeMeta(kind: Kind): { readonly apiVersion: string; readonly kind: string } {
  return {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
  };
}
