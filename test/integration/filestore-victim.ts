import { systemClock } from '../../src/base/clock.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { AdoptingFileStore } from '../../src/filestore/file-store.ts';
import { openLocalStore } from '../../src/filestore/open-store.ts';
import { createHost } from '../../src/host/create-host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import { toLocalContent } from '../support/content-path.ts';
import { CLUSTER_ID } from '../contract/file-store-local.ts';
import { ADOPTED } from '../support/adopted.ts';

/**
 * A process that is killed in the middle of its work: `node filestore-victim.ts POOL RUN_DIRECTORY OPERATION STEP SHARING`. Whatever it
 * prints is the id that it works on.
 */
const [path = '', runDirectory = '', operation = '', fatalStep = '', sharing = ''] = process.argv.slice(2);
const isShared = sharing === 'shared';
const signal = AbortSignal.timeout(60_000);
const host = createHost({ logger: silentLogger, clock: systemClock, runDirectory });
let isArmed = false;
const store: AdoptingFileStore = await openLocalStore(
  {
    pool: { name: 'test', path, overcommit: 1, lowWaterPercent: 5 },
    host,
    clusterId: CLUSTER_ID,
    // In a shared pool another node's: nobody sweeps what it leaves before its leases have run out.
    nodeName: isShared ? 'node-2' : 'node-1',
    isShared,
    locks: new KeyedLock(),
    clock: systemClock,
    logger: silentLogger,
    // The other store is this one, under the name of another.
    contents: toLocalContent(() => store),
    onStep: (step) => {
      if (isArmed && step === fatalStep) process.kill(process.pid, 'SIGKILL');
    },
  },
  signal,
);

const source = await store.findVolumeByName({ name: 'source' }, signal);
const sourceId = source?.id ?? '';
const layout = source?.kept.layout ?? 'image';
const quota = isShared && layout === 'directory' ? 'none' : 'required';
isArmed = true;
const operations: Record<string, (target: AdoptingFileStore) => Promise<unknown>> = {
  adopt: (target) => target.adoptVolume(ADOPTED, signal),
  create: (target) => target.createVolume(toRequest('made', { layout, quota }), signal),
  clone: (target) =>
    target.createVolume(
      toRequest('made', { layout, quota, source: { kind: 'volume', id: sourceId } }),
      signal,
    ),
  receive: (target) => {
    const origin = { nodeName: 'node-1', poolId: 'zzzzzzzz', address: undefined, ticket: undefined };
    const asked = toRequest('made', { layout, quota, source: { kind: 'volume', id: sourceId }, origin });
    return target.createVolume(asked, signal);
  },
  snapshot: (target) => target.createSnapshot({ name: 'made', sourceVolumeId: sourceId }, signal),
  expand: (target) =>
    target.expandVolume({ id: sourceId, range: { requiredBytes: 24 * MiB, limitBytes: undefined } }, signal),
  delete: (target) => target.deleteVolume({ id: sourceId }, signal),
};
await operations[operation]?.(store);
process.exitCode = 3;
await store.close();
await host.close();
