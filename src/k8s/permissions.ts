import type { Verb } from './errors.ts';
import type { Kind } from './kinds.ts';
import { EVENTS, LEASES, NAMESPACES, PERSISTENT_VOLUMES, PODS, POOLS, SECRETS } from './kinds.ts';

/** Something that the controller does in the API, as rules of access have it. */
export interface Permission {
  readonly kind: Kind;
  readonly verbs: readonly Verb[];
  /** In the namespace of the release, or everywhere. */
  readonly scope: 'namespace' | 'cluster';
  /** Only objects of these names: one of the configuration's, or one that is the same everywhere. Undefined: all. */
  readonly names?: readonly (
    | 'tls.kubernetes.caSecret'
    | 'tls.kubernetes.agentSecret'
    | 'controller.lease.name'
    | 'kube-system'
  )[];
  readonly reason: string;
}

/**
 * Everything that the controller may ask of the Kubernetes API, and nothing else: the Roles of the chart are made from this, and the fake API
 * of the tests refuses the rest. Nodes have no access at all. Creating cannot be limited to names.
 */
export const PERMISSIONS: readonly Permission[] = [
  {
    kind: PODS,
    verbs: ['list', 'watch'],
    scope: 'namespace',
    reason: 'Finds the agents of the nodes.',
  },
  {
    kind: SECRETS,
    verbs: ['create'],
    scope: 'namespace',
    reason:
      'Makes the certificate authority and the certificates of agents, once. Not needed with certificates from files.',
  },
  {
    kind: SECRETS,
    verbs: ['get', 'update'],
    scope: 'namespace',
    names: ['tls.kubernetes.caSecret', 'tls.kubernetes.agentSecret'],
    reason: 'Reads and renews them. Not needed with certificates from files.',
  },
  {
    kind: LEASES,
    verbs: ['create'],
    scope: 'namespace',
    reason: 'Lets one controller of several work in the background.',
  },
  {
    kind: LEASES,
    verbs: ['get', 'update'],
    scope: 'namespace',
    names: ['controller.lease.name'],
    reason: 'The same.',
  },
  {
    kind: NAMESPACES,
    verbs: ['get'],
    scope: 'cluster',
    names: ['kube-system'],
    reason: 'Its UID tells this cluster from others on shared storage.',
  },
  {
    kind: POOLS,
    verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
    scope: 'cluster',
    reason: 'The registry of pools.',
  },
  {
    kind: PERSISTENT_VOLUMES,
    verbs: ['list'],
    scope: 'cluster',
    reason: 'Finds volumes on disk that the cluster no longer knows.',
  },
  {
    kind: EVENTS,
    verbs: ['create', 'patch'],
    scope: 'cluster',
    reason: 'Tells users what happens to their volumes and pools.',
  },
];
