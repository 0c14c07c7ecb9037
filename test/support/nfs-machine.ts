import { join } from 'node:path';
import type { NodeBackend } from '../../src/backends/backend.ts';
import { NfsPool } from '../../src/backends/nfs/config.ts';
import { createNfsNode } from '../../src/backends/nfs/node.ts';
import { NfsWorkers } from '../../src/backends/nfs/node/workers.ts';
import { toNfsSource } from '../../src/config/nfs-source.ts';
import { toMountPlace } from '../../src/backends/nfs/worker/mount-places.ts';
import type { NfsNodeVerbs } from '../../src/backends/nfs/worker/node-verbs.ts';
import type { NfsWorkerSetup } from '../../src/backends/nfs/worker/setup.ts';
import type { StageOrder } from '../../src/backends/nfs/worker/stage-volume.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { DriverError } from '../../src/domain/errors.ts';
import { noContentSources } from '../../src/filestore/content/no-sources.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { Verbs } from '../../src/rpc/message-peer.ts';
import { createFakeMachine, type FakeMachine } from './fake-machine.ts';
import { type FakeWorkerProcess, startFakeWorkerProcess } from './fake-worker-process.ts';

/** The device of all exports of a server's file system, as mountinfo shows it. */
const DEVICE = '0:50';

/** A node of NFS in memory: its mount table, and workers that mount into it. */
export interface NfsMachine {
  readonly machine: FakeMachine;
  readonly mountDirectory: string;
  readonly node: NodeBackend;
  /** Built anew over the same machine, as after a restart of the program. */
  restart(): NodeBackend;
  /** What workers were told, in order: `stageVolume web`. */
  readonly told: readonly string[];
  /** The orders to stage. */
  readonly orders: readonly StageOrder[];
  readonly processes: readonly FakeWorkerProcess[];
  /** From now on this is what a verb says. */
  answer(verb: keyof NfsNodeVerbs, how: () => Promise<unknown>): void;
  /** Unmounts, by the system call that asks nobody. */
  readonly detached: readonly string[];
}

/** `directory` is where mounts of exports go; volumes that workers are to find are those that `hasVolume` says. */
export function createNfsMachine(
  directory: string,
  pools: readonly object[] = [{ type: 'nfs', name: 'web', server: 'nfs1', export: '/srv' }],
  hasVolume: (volumeId: string) => boolean = () => true,
): NfsMachine {
  const machine = createFakeMachine();
  const mountDirectory = join(directory, 'mounts');
  const parsed = pools.map((pool) => NfsPool.parse(pool));
  const told: string[] = [];
  const orders: StageOrder[] = [];
  const processes: FakeWorkerProcess[] = [];
  const detached: string[] = [];
  const answers = new Map<string, () => Promise<unknown>>();
  const toVerbs = (): Verbs => {
    let pool: NfsPool | undefined;
    const verbs: Readonly<Record<string, (argument: never, signal: AbortSignal) => Promise<unknown>>> = {
      configure: async (setup: NfsWorkerSetup) => await Promise.resolve(void (pool = setup.pool)),
      isIdle: async () => await Promise.resolve(false),
      close: async () => await Promise.resolve(),
      stageVolume: async (order: StageOrder) => {
        orders.push(order);
        await Promise.resolve();
        const tree = order.staticPath ?? findTree(order.volumeId, hasVolume);
        mountData(machine, { pool, mountDirectory, order, tree });
      },
      publishVolume: async (order: Parameters<FakeMachine['mounts']['bind']>[0], signal) =>
        await machine.mounts.bind(order, signal),
      getVolumeStats: async () => await Promise.resolve({ bytes: { total: 10, used: 1, available: 9 } }),
      examineMount: async () => await Promise.resolve([]),
      releaseMounts: async () => await Promise.resolve(),
      probeMounts: async () => await Promise.resolve(),
    };
    const toVerb = (name: string) => async (argument: never, signal: AbortSignal) => {
      if (name !== 'configure') told.push(`${name} ${pool?.name ?? ''}`);
      return await (answers.get(name) ?? (async () => await verbs[name]?.(argument, signal)))();
    };
    return Object.fromEntries(Object.keys(verbs).map((name) => [name, toVerb(name)]));
  };
  const build = (): NodeBackend => {
    const workers = new NfsWorkers({
      pools: parsed,
      setup: {
        driver: 'nfs.stowage.dev',
        nodeName: 'a',
        clusterId: undefined,
        mountDirectory,
        stateDirectory: join(directory, 'state'),
        runDirectory: join(directory, 'run'),
        log: { level: 'error', format: 'json' },
      },
      start: () => {
        const process = startFakeWorkerProcess(processes.length + 1, toVerbs());
        processes.push(process);
        return process;
      },
      contents: noContentSources,
      logger: silentLogger,
      pulseLimits: { maximumAtOnce: 16, overdueMs: 1, unansweredMs: 1 },
    });
    const unmount = async ({ target }: { readonly target: string }, signal: AbortSignal): Promise<void> => {
      detached.push(target);
      await machine.mounts.unmount(target, signal);
    };
    return createNfsNode(
      { workers, mountDirectory, mounts: machine.mounts, syscalls: { unmount }, logger: silentLogger },
      { nodeId: 'a' },
    );
  };
  return {
    machine,
    mountDirectory,
    node: build(),
    restart: build,
    told,
    orders,
    processes,
    answer: (verb, how) => void answers.set(verb, how),
    detached,
  };
}

function findTree(volumeId: string, hasVolume: (volumeId: string) => boolean): string {
  const hash = parseObjectId(volumeId)?.hash;
  if (hash !== undefined && hasVolume(volumeId)) return `/volumes/${hash}/data`;
  throw new DriverError('VOLUME_NOT_FOUND', `There is no volume ${volumeId}.`);
}

/** As a worker does: the data of the pool once, and the tree at its target. */
function mountData(
  machine: FakeMachine,
  work: {
    readonly pool: NfsPool | undefined;
    readonly mountDirectory: string;
    readonly order: StageOrder;
    readonly tree: string;
  },
): void {
  const { pool, order, tree, mountDirectory } = work;
  if (pool?.type !== 'nfs') throw new Error('this machine has exports only');
  const source = toNfsSource(pool);
  const how = { majorMinor: DEVICE, fsType: 'nfs4' };
  const place = toMountPlace(mountDirectory, pool, { ...order.mount, purpose: 'data' });
  if (!machine.table().some(({ mountPoint }) => mountPoint === place)) {
    machine.mountForeign(place, { ...how, source });
  }
  machine.mountForeign(order.target, {
    ...how,
    source: `${source}${tree}`,
    options: ['rw', ...order.bindOptions],
  });
}
