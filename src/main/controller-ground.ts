import type { AgentDiscovery } from '../agent/discovery.ts';
import { joinDiscoveries } from '../agent/joined-discovery.ts';
import { createStaticDiscovery } from '../agent/static-discovery.ts';
import { systemClock } from '../base/clock.ts';
import { alwaysHeld, type Lease } from '../base/lease.ts';
import { shareLease } from '../base/shared-lease.ts';
import type { ControllerSection } from '../config/cluster-schema.ts';
import { DriverError } from '../domain/errors.ts';
import type { PoolNews } from '../pools/pool-news.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import { createFileTls } from '../rpc/file-tls.ts';
import { CONTROLLER_TLS_NAME, type TlsSource } from '../rpc/tls.ts';
import { Background } from './background.ts';
import { openClusterAccess } from './cluster-access.ts';
import { type Config, getClusterEnvironment } from './config.ts';
import { DEFAULT_CLUSTER_ID } from './default-cluster-id.ts';
import type { KubernetesGround, KubernetesGroundOptions } from './kubernetes-ground.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';
import type { Readiness } from './readiness.ts';
import { getSection } from './roles.ts';
import { createStateRegistry } from './state-registry.ts';

/** Agents, and when there is a first answer to which there are. */
export interface Discovery extends AgentDiscovery {
  whenKnown(signal: AbortSignal): Promise<void>;
}

/** What a cluster knows and wants to know of pools and volumes. */
export interface ClusterSide {
  /** The ids of all volumes of a driver that the cluster knows. */
  listHandles(driverName: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Tells users what has become of a pool. What cannot be told is logged, and lost. */
  tellOfPool(news: PoolNews, signal: AbortSignal): Promise<void>;
}

/** What a controller stands on: where its agents are, how it trusts them, and where it is kept which pools there are. */
export interface ControllerGround {
  readonly discovery: Discovery;
  readonly tls: TlsSource;
  readonly registry: PoolRegistry;
  /** Under which one controller of several does the work in the background; several works may be done under it. */
  readonly lease: Lease;
  /** For work that goes on beside all calls. */
  readonly background: Background;
  /** The cluster whose registry this is; undefined where the registry is files. */
  readonly cluster: ClusterSide | undefined;
  /** The cluster that new pools belong to. */
  readonly clusterId: string;
}

/**
 * Makes what the configuration asks for; it is ended when the program stops. Waits for as long as the API of Kubernetes is away or does not let it, which
 * the readiness says.
 */
export async function prepareGround(
  { config, logger }: ProgramOptions,
  { stack, stopping }: Lifetime,
  readiness: Pick<Readiness, 'watch'>,
): Promise<ControllerGround> {
  const controller = getSection(config.controller, 'controller');
  const background = new Background(logger);
  const kubernetes = needsKubernetes(config)
    ? await openKubernetes({ background, readiness, clock: systemClock, logger })
    : undefined;
  stack.defer(() => kubernetes?.close());
  stack.defer(() => background.close());
  kubernetes?.noticeSnapshots();

  const { agents, registry, lease } = controller;
  // At once, so that everything that is missing is named at once.
  const [tls, clusterId] = await Promise.all([
    openTls(config, { kubernetes, stack, logger, signal: stopping }),
    config.clusterId ?? findClusterId(registry.type, kubernetes, stopping),
  ]);
  return {
    tls,
    background,
    cluster: registry.type === 'kubernetes' ? kubernetes : undefined,
    discovery: createDiscovery(agents, kubernetes, logger),
    registry:
      registry.type === 'kubernetes'
        ? requireKubernetes(kubernetes).createRegistry()
        : createStateRegistry(config),
    lease: shareLease(lease === undefined ? alwaysHeld : requireKubernetes(kubernetes).createLease(lease)),
    clusterId,
  };
}

/** What tells the cluster from others: where the registry is the cluster's, the cluster itself says so. */
async function findClusterId(
  registry: 'file' | 'kubernetes',
  kubernetes: KubernetesGround | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (registry === 'file') return DEFAULT_CLUSTER_ID;
  return await requireKubernetes(kubernetes).getClusterId(signal);
}

function needsKubernetes({ tls, controller }: Config): boolean {
  const { agents, registry, lease } = getSection(controller, 'controller');
  const needs = [tls?.kubernetes, agents.kubernetes, lease].some((section) => section !== undefined);
  return needs || registry.type === 'kubernetes';
}

/** What speaks to Kubernetes is loaded only where it is asked for. */
async function openKubernetes(options: KubernetesGroundOptions): Promise<KubernetesGround> {
  const access = await openClusterAccess(getClusterEnvironment());
  const { KubernetesGround: Ground } = await import('./kubernetes-ground.ts');
  return new Ground(access, options);
}

interface TlsDeps {
  readonly kubernetes: KubernetesGround | undefined;
  readonly stack: AsyncDisposableStack;
  readonly logger: ProgramOptions['logger'];
  readonly signal: AbortSignal;
}

async function openTls(config: Config, { kubernetes, stack, logger, signal }: TlsDeps): Promise<TlsSource> {
  const section = getSection(config.tls, 'tls');
  if (section.kubernetes !== undefined) {
    return await requireKubernetes(kubernetes).openTls(section.kubernetes, signal);
  }
  const directory = getSection(section.directory, 'tls.directory');
  const files = await createFileTls({ directory, ownName: CONTROLLER_TLS_NAME, clock: systemClock, logger });
  stack.defer(() => files.close());
  return files;
}

/** Those that are listed are known at once. */
function createDiscovery(
  agents: ControllerSection['agents'],
  kubernetes: KubernetesGround | undefined,
  logger: ProgramOptions['logger'],
): Discovery {
  const addresses = agents.static?.map(({ node, address }) => ({ nodeName: node, address })) ?? [];
  const listed = createStaticDiscovery(addresses);
  if (agents.kubernetes === undefined) {
    return { ...listed, whenKnown: async () => await Promise.resolve() };
  }
  const found = requireKubernetes(kubernetes).followPods(agents.kubernetes);
  if (addresses.length === 0) return found;
  const joined = joinDiscoveries({ listed, found, logger: logger.child({ component: 'agents' }) });
  return { ...joined, whenKnown: async (signal) => await found.whenKnown(signal) };
}

function requireKubernetes(kubernetes: KubernetesGround | undefined): KubernetesGround {
  if (kubernetes !== undefined) return kubernetes;
  throw new DriverError('INTERNAL', 'The API of Kubernetes was not opened, although it is needed.');
}
