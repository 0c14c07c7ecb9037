/** What tests say of a PersistentVolume. */
export interface ForeignVolume {
  readonly name: string;
  readonly claim: readonly [namespace: string, name: string];
  readonly size?: string;
  readonly policy?: 'Retain' | 'Delete';
  readonly mountOptions?: readonly string[];
  readonly server?: string;
  readonly share?: string;
}

function toPersistentVolume(
  { name, claim, size = '64Mi', policy = 'Retain', mountOptions }: ForeignVolume,
  provisioner: string,
  source: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const [namespace, claimName] = claim;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      uid: '5d2b8a10-0000-4000-8000-000000000000',
      annotations: { 'pv.kubernetes.io/provisioned-by': provisioner },
      finalizers: ['kubernetes.io/pv-protection'],
    },
    spec: {
      accessModes: ['ReadWriteMany'],
      capacity: { storage: size },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: claimName,
        uid: '0c8d5f3e-0000-4000-8000-000000000000',
        resourceVersion: '812',
      },
      persistentVolumeReclaimPolicy: policy,
      storageClassName: 'nfs',
      ...(mountOptions === undefined ? {} : { mountOptions }),
      volumeMode: 'Filesystem',
      ...source,
    },
    status: { phase: 'Bound' },
  };
}

/** As csi-driver-nfs 4 makes it: `subDir` is what its template came to, or the name of the PersistentVolume. */
export function makeCsiVolume(volume: ForeignVolume & { readonly subDir?: string }): unknown {
  const { name, server = 'nfs1', share = '/srv/nfs', subDir, claim } = volume;
  const id = [server, share.replace(/^\//, ''), subDir ?? name, subDir === undefined ? '' : name, ''];
  return toPersistentVolume(volume, 'nfs.csi.k8s.io', {
    csi: {
      driver: 'nfs.csi.k8s.io',
      volumeHandle: id.join('#'),
      volumeAttributes: {
        'csi.storage.k8s.io/pv/name': name,
        'csi.storage.k8s.io/pvc/name': claim[1],
        'csi.storage.k8s.io/pvc/namespace': claim[0],
        server,
        share,
        'storage.kubernetes.io/csiProvisionerIdentity': '1690000000000-8081-nfs.csi.k8s.io',
        ...(subDir === undefined ? { subdir: name } : { subDir }),
      },
    },
  });
}

/** As nfs-subdir-external-provisioner makes it; `path` is what a pathPattern came to, below its own directory. */
export function makeSubdirVolume(volume: ForeignVolume & { readonly path?: string }): unknown {
  const { name, server = 'nfs1', share = '/srv/nfs', claim } = volume;
  const path = `${share}/${volume.path ?? [...claim, name].join('-')}`;
  return toPersistentVolume(volume, 'cluster.local/nfs-subdir-external-provisioner', {
    nfs: { server, path },
  });
}

/** What `kubectl get pv -o json` prints. */
export function toPersistentVolumeList(items: readonly unknown[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items });
}
