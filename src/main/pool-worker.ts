/**
 * The worker of one NFS pool: a child of a node's program, in which everything is done that can hang on a server. It does what its parent asks, over a channel that is its only
 * way in, and ends with it.
 */
import { createNodeWork, type NfsNodeVerbs } from '../backends/nfs/worker/node-verbs.ts';
import { PoolMounts } from '../backends/nfs/worker/pool-mounts.ts';
import type { NfsParentVerbs, NfsWorkerSetup, NfsWorkerVerbs } from '../backends/nfs/worker/setup.ts';
import { withServerErrors } from '../backends/nfs/worker/server-errors.ts';
import { createWorkerStoreOpening } from '../backends/nfs/worker/store-opening.ts';
import { systemClock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import { createHost } from '../host/create-host.ts';
import { openParentChannel } from '../host/worker-process.ts';
import { createRequestContext } from '../observability/request-context.ts';
import { createLogger } from '../observability/winston-logger.ts';
import { openPeerContent } from '../pools/worker/content-verbs.ts';
import { StoreHost } from '../pools/worker/store-verbs.ts';
import { MessagePeer } from '../rpc/message-peer.ts';
import { keepHeapTidy } from './tidy-heap.ts';

/** Everything that the worker works with once it knows what it is for. */
interface Work {
  readonly verbs: StoreHost['verbs'] & NfsNodeVerbs;
  readonly store: StoreHost;
  readonly node: ReturnType<typeof createNodeWork>;
  readonly mounts: PoolMounts;
  close(): Promise<void>;
}

const channel = openParentChannel();
let work: Work | undefined;

function getWork(): Work {
  if (work !== undefined) return work;
  throw new DriverError('INTERNAL', 'The worker was not told yet what it is for.');
}

function createWork(setup: NfsWorkerSetup): Work {
  const { pool, mountDirectory, runDirectory } = setup;
  const log = createLogger({ ...setup.log, context: createRequestContext(), stream: process.stdout });
  const logger = log.logger.child({ component: 'pool-worker', pool: pool.name });
  logger.info('The worker of a pool runs', { pid: process.pid });
  const host = createHost({ logger, clock: systemClock, runDirectory });
  const mounts = new PoolMounts({ pool, mountDirectory, host, logger });
  const store = new StoreHost(
    createWorkerStoreOpening(setup, {
      host,
      mounts,
      clock: systemClock,
      logger,
      contents: {
        openContent: async (request, signal) =>
          await openPeerContent(
            peer,
            async (handle) => await peer.call('openRemote', { handle, request }, signal),
          ),
      },
      onLost: (sentence) => void peer.call('poolLost', sentence, never).catch(() => undefined),
    }),
  );
  const node = createNodeWork({ poolName: pool.name, host, mounts });
  return {
    verbs: withServerErrors<StoreHost['verbs'] & typeof node.verbs>({ ...store.verbs, ...node.verbs }, pool),
    store,
    node,
    mounts,
    async close() {
      node.close();
      await store.close();
      await host.close();
      await log.close();
    },
  };
}

const never = new AbortController().signal;

/** Verbs of a part of the work, which is made by the first call. */
function forward<V extends object>(names: readonly (keyof V & string)[], find: () => V): V {
  const verbs = names.map((name) => {
    const verb = async (...values: readonly unknown[]): Promise<unknown> => {
      const found = find()[name] as (...given: readonly unknown[]) => Promise<unknown>;
      return await found(...values);
    };
    return [name, verb] as const;
  });
  return Object.fromEntries(verbs) as V;
}

const verbs: NfsWorkerVerbs = {
  configure: async (setup) => {
    await Promise.resolve();
    work ??= createWork(setup);
  },
  isIdle: async () => await Promise.resolve(getWork().store.isIdle && !getWork().node.isBusy),
  close: async () => await work?.close(),
  ...forward<StoreHost['verbs']>(
    [
      'openStore',
      'closeStore',
      'probeStore',
      'callStore',
      'openContent',
      'startReading',
      'nextPiece',
      'stopReading',
      'closeContent',
    ],
    () => getWork().verbs,
  ),
  ...forward<ReturnType<typeof createNodeWork>['verbs']>(
    ['stageVolume', 'publishVolume', 'getVolumeStats', 'examineMount', 'releaseMounts', 'probeMounts'],
    () => getWork().verbs,
  ),
};

const peer = new MessagePeer<NfsParentVerbs>(
  channel,
  verbs,
  'The program that this worker belongs to is gone.',
);
keepHeapTidy();
// What hangs in the kernel must not keep this process: `exit` would wait for it.
channel.onClose(() => process.kill(process.pid, 'SIGKILL'));
