import { hostname } from 'node:os';
import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { alwaysHeld } from '../base/lease.ts';
import type { ControllerSection, TlsSection } from '../config/cluster-schema.ts';
import type { ApiAccess } from '../k8s/access.ts';
import { openCertificateAuthority } from '../k8s/certificate-authority.ts';
import { ApiClient } from '../k8s/client.ts';
import { keepTrying } from '../k8s/keep-trying.ts';
import { createEventRecorder, type EventRecorder } from '../k8s/events.ts';
import { POOLS, toTypeMeta } from '../k8s/kinds.ts';
import { createKubernetesLease } from '../k8s/lease.ts';
import { getClusterId } from '../k8s/namespace-uid.ts';
import { listVolumeHandles } from '../k8s/persistent-volumes.ts';
import { createPodDiscovery } from '../k8s/pod-discovery.ts';
import { ApiResource, ObjectMeta } from '../k8s/resource.ts';
import { createSecrets } from '../k8s/secrets.ts';
import { noticeSnapshotApi } from '../k8s/snapshot-api.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import type { PoolNews } from '../pools/pool-news.ts';
import { createResourceRegistry } from '../pools/resource-registry.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../rpc/tls.ts';
import type { Background } from './background.ts';
import type { Readiness } from './readiness.ts';
import type { ClusterSide, ControllerGround, Discovery } from './controller-ground.ts';

/** How often it is seen whether the pods have been read. */
const SYNC_POLL_MS = 100;
const LEASE_ID_LENGTH = 8;

const AnyObject = z.object({ metadata: ObjectMeta });

/** What it is made with. */
export interface KubernetesGroundOptions {
  readonly background: Background;
  /** Told what the API does not let it have. */
  readonly readiness: Pick<Readiness, 'watch'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where a controller finds what it needs in the API of its cluster. */
export class KubernetesGround implements ClusterSide {
  readonly #client: ApiClient;
  readonly #background: Background;
  readonly #readiness: KubernetesGroundOptions['readiness'];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pools: ApiResource<z.infer<typeof AnyObject>>;
  readonly #events: EventRecorder;
  readonly #closed = new AbortController();

  constructor(access: ApiAccess, { background, readiness, clock, logger }: KubernetesGroundOptions) {
    this.#client = new ApiClient({ access });
    this.#background = background;
    this.#readiness = readiness;
    this.#clock = clock;
    this.#logger = logger.child({ component: 'kubernetes' });
    this.#pools = new ApiResource(this.#client, POOLS, { schema: AnyObject });
    this.#events = createEventRecorder({
      client: this.#client,
      component: 'stowage',
      clock: this.#clock,
      logger: this.#logger,
      signal: this.#closed.signal,
    });
  }

  /** The controller's own certificate; makes and renews those of the agents. Waits for as long as the API does not let it, which the readiness says. */
  async openTls(
    { namespace, caSecret, agentSecret }: NonNullable<TlsSection['kubernetes']>,
    signal: AbortSignal,
  ): Promise<ControllerGround['tls']> {
    const authority = await openCertificateAuthority(
      {
        secrets: createSecrets(this.#client, namespace),
        caSecret,
        agentSecret,
        agentName: AGENT_TLS_NAME,
        controllerName: CONTROLLER_TLS_NAME,
        clock: this.#clock,
        logger: this.#logger,
        trouble: this.#createTrouble(),
      },
      signal,
    );
    this.#background.run('The certificates are not renewed any more', (own) => authority.run(own));
    return authority;
  }

  /** Follows the pods of the nodes. */
  followPods(agents: NonNullable<ControllerSection['agents']['kubernetes']>): Discovery {
    const pods = createPodDiscovery({
      ...agents,
      client: this.#client,
      clock: this.#clock,
      logger: this.#logger,
    });
    this.#background.run('The pods of the nodes are not followed any more', (own) => pods.run(own));
    this.#readiness.watch(() => pods.findObstacle());
    return {
      list: () => pods.list(),
      onChange: (listener) => pods.onChange(listener),
      whenKnown: async (signal) => {
        while (!pods.hasSynced) await this.#clock.sleep(SYNC_POLL_MS, signal);
      },
    };
  }

  createRegistry(): ControllerGround['registry'] {
    return createResourceRegistry({ client: this.#client, clock: this.#clock });
  }

  createLease(lease: ControllerSection['lease']): ControllerGround['lease'] {
    if (lease === undefined) return alwaysHeld;
    return createKubernetesLease({
      ...lease,
      client: this.#client,
      identity: `${hostname()}_${randomId(LEASE_ID_LENGTH)}`,
      trouble: this.#createTrouble(),
      clock: this.#clock,
      logger: this.#logger,
    });
  }

  /** What tells this cluster from all others. Waits as {@link openTls} does. */
  async getClusterId(signal: AbortSignal): Promise<string> {
    return await keepTrying(
      async (own) => await getClusterId(this.#client, own),
      {
        message: 'It is not known yet which cluster this is',
        trouble: this.#createTrouble(),
        clock: this.#clock,
      },
      signal,
    );
  }

  async listHandles(driverName: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return await listVolumeHandles(this.#client, driverName, signal);
  }

  /** Tells by an Event about the custom resource of the pool. */
  async tellOfPool({ poolId, ...news }: PoolNews, signal: AbortSignal): Promise<void> {
    try {
      const about = await this.#pools.find(poolId, signal);
      // Without the uid, nobody who looks at the pool would see it.
      if (about === undefined) return;
      const { uid } = about.metadata;
      this.#events.record({ about: { ...toTypeMeta(POOLS), name: poolId, uid }, ...news });
    } catch (error) {
      if (!signal.aborted) this.#logger.warn('News of a pool cannot be told', { err: error, poolId });
    }
  }

  /** Says in the log when nobody can ask for snapshots here. */
  noticeSnapshots(): void {
    this.#background.run('It was not found out whether there are snapshots', async (own) => {
      await noticeSnapshotApi({ client: this.#client, clock: this.#clock, logger: this.#logger }, own);
    });
  }

  /** Waits until everything that was to be told is told, or lost. */
  async settle(): Promise<void> {
    await this.#events.flush();
  }

  close(): void {
    this.#closed.abort(new Error('The program is stopping.'));
    this.#client[Symbol.dispose]();
  }

  /** One that keeps the program from being of use while it lasts. */
  #createTrouble(): Trouble {
    const trouble = new Trouble(this.#logger);
    this.#readiness.watch(() => trouble.sentence);
    return trouble;
  }
}
