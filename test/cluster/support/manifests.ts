import type { Manifest } from './kubectl.ts';

/** Has a shell and coreutils; every node has it. */
export const IMAGE = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';

/** StorageClasses of the tests beside the chart's: one for each layout, in the default pool. */
export const TEST_CLASSES: readonly Manifest[] = [
  toClass('test-directory', { layout: 'directory' }),
  toClass('test-image', { layout: 'image' }),
  toClass('test-image-xfs', { layout: 'image', 'csi.storage.k8s.io/fstype': 'xfs' }),
];

/** What is asked of a claim. */
export interface ClaimOptions {
  readonly size: string;
  readonly storageClass?: string;
  readonly volumeMode?: 'Filesystem' | 'Block';
  /** A snapshot or another claim of the same namespace. */
  readonly from?: { readonly kind: 'VolumeSnapshot' | 'PersistentVolumeClaim'; readonly name: string };
}

/** Where and what a pod runs. */
export interface PodOptions {
  /** Its claim, mounted at /data, or as /dev/data. */
  readonly claim: string;
  readonly volumeMode?: 'Filesystem' | 'Block';
  /** The only node that it may run on. */
  readonly node?: string;
  /** A script of sh; without it the pod waits to be told what to do. */
  readonly script?: string;
}

function toClass(name: string, parameters: Readonly<Record<string, string>>): Manifest {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'hostpath.stowage.dev',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
    parameters: { pool: 'default', ...parameters },
  };
}

/** A claim. */
export function toClaim(name: string, options: ClaimOptions): Manifest {
  const { from } = options;
  const group = from?.kind === 'VolumeSnapshot' ? { apiGroup: 'snapshot.storage.k8s.io' } : {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: options.storageClass ?? 'stowage',
      volumeMode: options.volumeMode ?? 'Filesystem',
      resources: { requests: { storage: options.size } },
      ...(from === undefined ? {} : { dataSource: { ...group, ...from } }),
    },
  };
}

/** A pod that uses a claim. It ends at once when it is told to. */
export function toPod(name: string, options: PodOptions): Manifest {
  const mount =
    options.volumeMode === 'Block'
      ? { volumeDevices: [{ name: 'data', devicePath: '/dev/data' }] }
      : { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const script = options.script ?? 'while :; do sleep 1; done';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      ...(options.node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': options.node } }),
      containers: [{ name: 'main', image: IMAGE, command: ['sh', '-c', script], ...mount }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: options.claim } }],
    },
  };
}

/** A snapshot of a claim. */
export function toSnapshot(name: string, claim: string): Manifest {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name },
    spec: { volumeSnapshotClassName: 'stowage', source: { persistentVolumeClaimName: claim } },
  };
}
