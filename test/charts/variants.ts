import type { RenderOptions } from '../support/helm.ts';
import { SNAPSHOT_API } from '../support/helm.ts';

/** Installations that differ as much as those of users: each is rendered, and each has to keep every rule. */
export const VARIANTS: Readonly<Record<string, RenderOptions>> = {
  /** As it comes, in a cluster without snapshots. */
  default: {},
  /** One node, which has no room for what is not needed. */
  small: {
    release: 'storage',
    namespace: 'kube-system',
    apiVersions: [SNAPSHOT_API],
    values: {
      controller: { replicas: 1, podDisruptionBudget: { enabled: false } },
      storageClasses: [],
      snapshots: { enabled: false },
      kubeletDirectory: '/var/lib/k0s/kubelet',
    },
  },
  /** Disks and directories of several kinds of nodes, with snapshots. */
  disks: {
    apiVersions: [SNAPSHOT_API],
    values: {
      drivers: {
        hostpath: {
          pools: [
            {
              name: 'fast',
              path: '/mnt/fast',
              nodes: ['ssd-*'],
              backing: { type: 'device', device: '/dev/disk/by-id/fast' },
            },
            {
              name: 'fast',
              path: '/mnt/fast',
              nodes: ['nvme-*'],
              backing: { type: 'device', device: '/dev/nvme1n1' },
            },
            { name: 'slow', path: '/srv/volumes', onNodeLoss: 'release' },
            {
              name: 'spare',
              path: '/var/lib/stowage/pools/spare',
              backing: { type: 'file', path: '/srv/volumes-of-spare/spare.img', size: '1Ti', sparse: true },
            },
          ],
        },
      },
      storageClasses: [
        {
          name: 'fast',
          default: true,
          fsType: 'xfs',
          parameters: { pool: 'fast', layout: 'image', preallocate: 'true' },
        },
        {
          name: 'slow',
          reclaimPolicy: 'Retain',
          mountOptions: ['noatime'],
          parameters: { pool: 'slow', layout: 'directory' },
        },
        {
          name: 'spare',
          volumeBindingMode: 'Immediate',
          allowVolumeExpansion: false,
          parameters: { pool: 'spare' },
        },
      ],
      snapshots: { class: { name: 'keep', default: true, deletionPolicy: 'Retain' } },
      node: { nodeSelector: { storage: 'local' } },
    },
  },
  /** Images from a registry of one's own, certificates that somebody else makes, IPv6. */
  guarded: {
    release: 'a',
    namespace: 'storage',
    values: {
      image: { repository: 'registry.example/storage/stowage', tag: '1.2.3' },
      imagePullSecrets: [{ name: 'pull' }],
      labels: { team: 'storage' },
      listenAddress: '[::]',
      node: { httpAddress: '[::1]:9808', agentPort: 9900, extraArgs: ['--log-level=debug'] },
      tls: { controllerSecret: 'controller-tls', agentSecret: 'agent-tls' },
      snapshots: { enabled: true },
    },
  },
};
