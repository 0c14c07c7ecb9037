import type { PersistentVolume } from '../../../k8s/persistent-volume-list.ts';

/** Provisioners whose volumes can be taken over. */
export const IMPORT_LAYOUTS = ['csi-driver-nfs', 'nfs-subdir-external-provisioner'] as const;
export type ImportLayout = (typeof IMPORT_LAYOUTS)[number];

/** Where a PersistentVolume of another provisioner keeps its data. */
export interface ForeignSource {
  readonly server: string;
  /** Absolute, as the server names it; may have any parts. */
  readonly path: string;
}

/** The source of a PersistentVolume that this provisioner made; undefined for all others. A sentence's end when it cannot be told. */
export function findForeignSource(
  layout: ImportLayout,
  volume: PersistentVolume,
): ForeignSource | { readonly problem: string } | undefined {
  return layout === 'csi-driver-nfs' ? findSourceOfCsi(volume) : findSourceOfSubdir(volume);
}

const CSI_DRIVER_NFS = 'nfs.csi.k8s.io';

/** What csi-driver-nfs replaces in the subDir of a PersistentVolume when it mounts it, and the attribute with the value. */
const REPLACED = {
  '${pvc.metadata.name}': 'csi.storage.k8s.io/pvc/name',
  '${pvc.metadata.namespace}': 'csi.storage.k8s.io/pvc/namespace',
  '${pv.metadata.name}': 'csi.storage.k8s.io/pv/name',
} as const;

/**
 * The attributes say what csi-driver-nfs mounts; it takes their names in any case. Versions before 4.0 have the directory in `share`
 * and no `subDir`. The id, `server#share#subDir#name#onDelete`, is only what it deletes by.
 */
function findSourceOfCsi({ spec: { csi } }: PersistentVolume): ReturnType<typeof findForeignSource> {
  if (csi?.driver !== CSI_DRIVER_NFS) return undefined;
  const attributes = new Map(
    Object.entries(csi.volumeAttributes).map(([name, value]) => [name.toLowerCase(), value] as const),
  );
  const server = attributes.get('server');
  const share = attributes.get('share');
  if (server === undefined || share === undefined) {
    return { problem: 'its volumeAttributes have no server or no share' };
  }
  let subDir = attributes.get('subdir') ?? '';
  for (const [word, attribute] of Object.entries(REPLACED)) {
    const value = attributes.get(attribute);
    if (value !== undefined) subDir = subDir.replaceAll(word, value);
  }
  if (subDir.includes('${'))
    return { problem: `its subDir is ${subDir}, and nothing says what that stands for` };
  return { server, path: `${share}/${subDir}` };
}

/** It makes PersistentVolumes of the kind that is built into Kubernetes; those that a person wrote have no provisioner. */
function findSourceOfSubdir({
  metadata,
  spec: { nfs },
}: PersistentVolume): ReturnType<typeof findForeignSource> {
  if (nfs === undefined) return undefined;
  if (metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === undefined) {
    return { problem: 'no provisioner made it' };
  }
  return nfs;
}
