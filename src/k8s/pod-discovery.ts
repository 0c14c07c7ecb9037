import { isIPv6 } from 'node:net';
import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Logger } from '../observability/logger.ts';
import type { ApiClient } from './client.ts';
import { Informer } from './informer.ts';
import { PODS } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const Pod = z.object({
  metadata: ObjectMeta,
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({ phase: z.string().optional(), podIP: z.string().optional() }).default({}),
});
type Pod = z.infer<typeof Pod>;

/** Where the agent of a node is. */
interface PodAddress {
  readonly nodeName: string;
  /** `10.0.0.7:9810`, `[fd00::7]:9810` */
  readonly address: string;
}

/** Agents found as pods. Follows them only while {@link PodDiscovery.run} does. */
export interface PodDiscovery {
  /** One address for each node, sorted by node; the last that were known while the API is away. Empty until they were read once. */
  list(): readonly PodAddress[];
  /** Tells of every change of the list. */
  onChange(listener: () => void): Disposable;
  /** Whether the pods have been read at least once: before, an empty list says nothing. */
  readonly hasSynced: boolean;
  /** Why the pods cannot be followed for now: a sentence. Undefined while they are. */
  findObstacle(): string | undefined;
  /** Follows the pods until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PodDiscoveryOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Labels of the pods, `app.kubernetes.io/component=node`. */
  readonly selector: string;
  /** Where the agent of each pod listens. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Finds the agents of a DaemonSet: of the pods that run and are not being deleted, the newest on each node. */
export function createPodDiscovery(options: PodDiscoveryOptions): PodDiscovery {
  const { client, namespace, selector, port, clock, logger } = options;
  const listeners = new Listeners();
  let addresses: readonly PodAddress[] = [];
  const informer = new Informer({
    resource: new ApiResource(client, PODS, { namespace, schema: Pod }),
    selector: { labelSelector: selector },
    clock,
    logger,
    onChange: () => {
      const next = toAddresses(informer.objects, port);
      if (isSame(addresses, next)) return;
      addresses = next;
      listeners.tell();
    },
  });
  return {
    list: () => addresses,
    onChange: (listener) => listeners.add(listener),
    get hasSynced() {
      return informer.hasSynced;
    },
    findObstacle: () => informer.findObstacle(),
    run: async (signal) => await informer.run(signal),
  };
}

function toAddresses(pods: readonly Pod[], port: number): readonly PodAddress[] {
  const newest = new Map<string, { readonly pod: Pod; readonly ip: string }>();
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const { phase, podIP: ip } = pod.status;
    if (nodeName === undefined || ip === undefined || phase !== 'Running') continue;
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const other = newest.get(nodeName);
    if (other === undefined || isNewer(pod, other.pod)) newest.set(nodeName, { pod, ip });
  }
  return [...newest]
    .map(([nodeName, { ip }]) => ({ nodeName, address: `${isIPv6(ip) ? `[${ip}]` : ip}:${port}` }))
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
}

/** Whole seconds count in the API; among those of one second the uid decides, so that every process picks the same. */
function isNewer(one: Pod, other: Pod): boolean {
  const [a, b] = [one, other].map(({ metadata }) => metadata.creationTimestamp ?? '');
  if (a !== b && a !== undefined && b !== undefined) return Date.parse(a) > Date.parse(b);
  return one.metadata.uid > other.metadata.uid;
}

function isSame(before: readonly PodAddress[], after: readonly PodAddress[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ nodeName, address }, index) => {
      return after[index]?.nodeName === nodeName && after[index].address === address;
    })
  );
}
