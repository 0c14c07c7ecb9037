import type { Verb } from './errors.ts';
import type { Kind } from './kinds.ts';
import { EVENTS, LEASES, NAMESPACES, PERSISTENT_VOLUMES, PODS, POOLS, SECRETS, TOMBSTONES } from './kinds.ts';

/** Something that the controller does in the API, as rules of access have it. */
export interface Permission {
  readonly kind: Kind;
  readonly verbs: readonly Verb[];
  /** In the namespace of the release, or everywhere. */
  readonly scope: 'namespace' | 'cluster';
  /** Only objects of these names: the value of a key of the configuration, or a name that is the same everywhere. Undefined: all. */
  readonly names?: readonly string[];
  /** A section of the configuration without which this is not needed. */
  readonly section?: string;
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
    section: 'controller.agents.kubernetes',
    reason: 'Finds the agents of the nodes.',
  },
  {
    kind: SECRETS,
    verbs: ['create'],
    scope: 'namespace',
    section: 'tls.kubernetes',
    reason: 'Makes the certificate authority and the certificates of agents, once.',
  },
  {
    kind: SECRETS,
    verbs: ['get', 'update'],
    scope: 'namespace',
    names: ['tls.kubernetes.caSecret', 'tls.kubernetes.agentSecret'],
    section: 'tls.kubernetes',
    reason: 'Reads and renews them.',
  },
  {
    kind: LEASES,
    verbs: ['create'],
    scope: 'namespace',
    section: 'controller.lease',
    reason: 'Lets one controller of several work in the background.',
  },
  {
    kind: LEASES,
    verbs: ['get', 'update'],
    scope: 'namespace',
    names: ['controller.lease.name'],
    section: 'controller.lease',
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
    verbs: ['get', 'list', 'create', 'patch'],
    scope: 'cluster',
    reason: 'The registry of pools.',
  },
  {
    kind: TOMBSTONES,
    verbs: ['list', 'create', 'delete'],
    scope: 'cluster',
    reason: 'What was deleted while its pool was away.',
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
    reason: 'Tells users what happens to their pools.',
  },
];
