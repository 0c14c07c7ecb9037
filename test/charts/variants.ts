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
  /** Exports alone: one whose server has an agent, one that nobody can put an agent on. */
  nfs: {
    apiVersions: [SNAPSHOT_API],
    values: {
      drivers: {
        hostpath: { enabled: false },
        nfs: {
          enabled: true,
          pools: [
            {
              name: 'nas',
              type: 'nfs',
              server: 'nas.example',
              export: '/srv/stowage',
              agent: { node: 'nas', path: '/srv/stowage', mountPoint: '/srv' },
            },
            {
              name: 'appliance',
              type: 'nfs',
              server: '2001:db8::7',
              export: '/vol/kubernetes',
              nfsVersions: ['4.1'],
              mountOptions: ['nconnect=4'],
              staticPaths: ['/media'],
            },
          ],
        },
      },
      controller: { agents: [{ node: 'nas', address: 'nas.example:9810' }] },
      storageClasses: [
        { name: 'nas', driver: 'nfs', default: true, parameters: { pool: 'nas', onDelete: 'archive' } },
        {
          name: 'appliance',
          driver: 'nfs',
          mountOptions: ['noatime'],
          parameters: { pool: 'appliance', quota: 'none', nfsVersions: '4.1' },
        },
      ],
    },
  },
  /** Both drivers at once; an export of a node, and a file system that somebody else mounts on all of them. */
  both: {
    values: {
      drivers: {
        nfs: {
          enabled: true,
          pools: [
            {
              name: 'exported',
              type: 'nfs',
              server: 'ssd-1.example',
              export: '/srv/stowage',
              agent: { node: 'ssd-1', path: '/srv/stowage' },
            },
            { name: 'ceph', type: 'shared', path: '/mnt/ceph/stowage', mountPoint: '/mnt/ceph' },
          ],
        },
      },
      storageClasses: [
        { name: 'local', parameters: { pool: 'default' } },
        { name: 'exported', driver: 'nfs', parameters: { pool: 'exported' } },
        { name: 'ceph', driver: 'nfs', parameters: { pool: 'ceph', quota: 'none' } },
      ],
      node: { dnsPolicy: 'Default' },
      snapshots: { enabled: true, nfsClass: { name: '' } },
    },
  },
};
