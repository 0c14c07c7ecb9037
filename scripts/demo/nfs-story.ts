import { isDriverError } from '../../src/domain/errors.ts';
import type { NfsNode } from '../../test/support/nfs/cluster.ts';
import {
  createVolume,
  type MountedVolume,
  mountVolume,
  SHARED,
  type TestVolume,
  untilSaid,
} from '../../test/support/nfs/volumes.ts';
import { SERVER_EXPORT } from '../../test/support/nfs/server-guest-places.ts';
import { LOCAL_POOL, type NfsScene } from './nfs-scene.ts';
import { formatMiB, formatMs, type Steps } from './steps.ts';

const MiB = 2 ** 20;
const VOLUME_BYTES = 256 * MiB;
const GROWN_BYTES = 1024 * MiB;
const DATA_MIB = 400;
const PROBES = 100;
/** How long a frozen server is left so: longer than it takes a node to see it. */
const FROZEN_FOR_AT_LEAST_MS = 15_000;
/** Asked for while the server is frozen, and again as a sidecar does: the first request may have arrived. */
const REFUSED = 'asked-twice';
/** What a snapshot may use by itself: records, directories, extent maps. */
const SNAPSHOT_TAKES_MIB = 8;
const ENDS_WITHIN_MS = 120_000;

/** What the demonstration works with. */
export interface NfsStory {
  readonly scene: NfsScene;
  readonly steps: Steps;
}

/** A volume that both nodes have mounted. */
export interface SharedVolume {
  readonly volume: TestVolume;
  readonly onAlpha: MountedVolume;
  readonly onBeta: MountedVolume;
}

/** One volume on two nodes, its size held against both, and grown under them. */
export async function showSharing({ scene, steps }: NfsStory): Promise<SharedVolume> {
  const { cluster, alpha, beta, directory } = scene;
  const volume = await steps.run(
    'create a ReadWriteMany volume',
    () => create(scene, 'shared', 'served'),
    ({ volumeId }) => volumeId,
  );
  const onAlpha = await steps.run('mount it on alpha', () => mountVolume(alpha, volume, { directory }));
  const onBeta = await steps.run('mount it on beta', () => mountVolume(beta, volume, { directory }));
  const shared = { volume, onAlpha, onBeta };
  await steps.run(
    'write on alpha, read on beta',
    async () => {
      await shell(alpha, `echo 'from alpha' >${onAlpha.target}/greeting`);
      return expectText(await shell(beta, `cat ${onBeta.target}/greeting`), 'from alpha\n');
    },
    (text) => `"${text.trim()}"`,
  );
  const before = await steps.run(
    'run into the size limit on beta',
    () => fill(beta, `${onBeta.target}/fill`, 2 * (VOLUME_BYTES / MiB)),
    ({ writtenBytes }) => `ENOSPC after ${formatMiB(writtenBytes)} of ${formatMiB(VOLUME_BYTES)}`,
  );
  if (before.writtenBytes > VOLUME_BYTES) throw new Error('The size of the volume does not hold.');
  await steps.run('look at df on alpha', () => readDf(alpha, onAlpha, VOLUME_BYTES), formatDf);
  await steps.run(
    'grow it while both have it mounted',
    async () =>
      await untilSaid(() =>
        cluster.controller.ControllerExpandVolume({
          volumeId: volume.volumeId,
          capacityRange: { requiredBytes: GROWN_BYTES },
        }),
      ),
    ({ capacityBytes }) => `${formatMiB(VOLUME_BYTES)} to ${formatMiB(Number(capacityBytes))}`,
  );
  await steps.run('look at df on alpha', () => readDf(alpha, onAlpha, GROWN_BYTES), formatDf);
  return shared;
}

/** A snapshot that takes no longer for more data, and what is made from it. */
export async function showSnapshot({ scene, steps }: NfsStory, shared: SharedVolume): Promise<TestVolume> {
  const { cluster, alpha, beta, directory } = scene;
  const { volume, onAlpha } = shared;
  const data = `${onAlpha.target}/fill`;
  const sum = await steps.run(
    `write ${DATA_MIB} MiB on alpha`,
    async () => {
      await shell(alpha, `dd if=/dev/urandom of=${data} bs=1M count=${DATA_MIB} conv=fsync 2>&1`);
      return await checksum(alpha, data);
    },
    (text) => `SHA-256 ${text.slice(0, 12)}…`,
  );
  const usedBefore = await readUsedMiB(scene);
  const snapshotId = await steps.run(
    'snapshot it while both have it mounted',
    async () => {
      const { snapshot } = await untilSaid(() =>
        cluster.controller.CreateSnapshot({ name: 'cut', sourceVolumeId: volume.volumeId }),
      );
      if (snapshot?.readyToUse !== true) throw new Error('The snapshot is not ready to use.');
      return snapshot.snapshotId;
    },
    (id) => id,
  );
  await steps.run(
    'see what it takes on the server',
    async () => {
      const tookMiB = Math.max((await readUsedMiB(scene)) - usedBefore, 0);
      if (tookMiB > SNAPSHOT_TAKES_MIB) throw new Error(`The snapshot takes ${tookMiB} MiB.`);
      return tookMiB;
    },
    (tookMiB) => `${tookMiB} MiB: its blocks are those of the volume`,
  );
  await steps.run('remove the data on alpha', () => shell(alpha, `rm ${data}`));
  const restored = await steps.run(
    'restore the snapshot',
    () => create(scene, 'restored', 'served', { snapshot: { snapshotId } }),
    ({ volumeId }) => volumeId,
  );
  const mounted = await mountVolume(beta, restored, { directory });
  await steps.run(
    'mount it on beta and compare checksums',
    async () => expectText(await checksum(beta, `${mounted.target}/fill`), sum),
    () => `${DATA_MIB} MiB as they were`,
  );
  await mounted.unmount();
  await steps.run('delete the snapshot', () =>
    untilSaid(() => cluster.controller.DeleteSnapshot({ snapshotId })),
  );
  return restored;
}

/** A server that answers nothing: what waits for it waits, everything else goes on, and so does that when it is back. */
export async function showFrozenServer({ scene, steps }: NfsStory, shared: SharedVolume): Promise<void> {
  const { server, alpha, beta, directory } = scene;
  const other = await create(scene, 'other', 'served');
  const onBeta = await mountVolume(beta, other, { directory });
  const startedAt = performance.now();
  await steps.run('freeze the server (SIGSTOP)', () => server.freeze());
  await using writing = alpha.machine.start([
    'sh',
    '-c',
    `echo 'written while it was away' >${shared.onAlpha.target}/late && sync ${shared.onAlpha.target}/late`,
  ]);
  await steps.run('ask for a volume there meanwhile', () => getRefusal(scene, REFUSED), firstSentence);
  await showOthers({ scene, steps }, 'frozen');
  await steps.run('unpublish and unstage one of its volumes', () => onBeta.unmount());
  await steps.run(
    'a pod on alpha that writes there waits',
    async () => {
      const waitMs = Math.max(FROZEN_FOR_AT_LEAST_MS - (performance.now() - startedAt), 1_000);
      if (await writing.endsWithin(waitMs)) throw new Error('It ended, though the server is frozen.');
      return performance.now() - startedAt;
    },
    (ms) => `frozen for ${(ms / 1000).toFixed(0)} s`,
  );
  await server.thaw();
  await steps.run(
    'thaw it: the pod goes on',
    async () => {
      if (!(await writing.endsWithin(ENDS_WITHIN_MS))) throw new Error('It still waits.');
      const { exitCode, stderr } = await writing.ended;
      if (exitCode !== 0) throw new Error(`It failed: ${stderr}`);
      return expectText(await shell(beta, `cat ${shared.onBeta.target}/late`), 'written while it was away\n');
    },
    (text) => `beta reads "${text.trim()}"`,
  );
  await steps.run('mount the volume on beta again', async () => {
    await (await untilSaid(() => mountVolume(beta, other, { directory }))).unmount();
  });
  const refused = await steps.run(
    'ask again for the volume that was refused',
    () => create(scene, REFUSED, 'served'),
    ({ volumeId }) => volumeId,
  );
  for (const each of [refused, other]) await remove(scene, each);
}

/** A server that loses its power, and boots again. */
export async function showPowerCut({ scene, steps }: NfsStory, shared: SharedVolume): Promise<void> {
  const { server, alpha, beta } = scene;
  await steps.run('write and sync on alpha', () =>
    shell(alpha, `echo kept >${shared.onAlpha.target}/synced && sync ${shared.onAlpha.target}/synced`),
  );
  await steps.run('cut the power of the server (SIGKILL)', () => server.cutPower());
  await showOthers({ scene, steps }, 'dark');
  await steps.run('give it its power back, wait until it serves', () => server.boot());
  await steps.run(
    'read on beta, through the mount that was there',
    async () => expectText(await shell(beta, `cat ${shared.onBeta.target}/synced`), 'kept\n'),
    (text) => `"${text.trim()}"`,
  );
  await steps.run('create and delete a volume there again', async () =>
    remove(scene, await create(scene, 'after', 'served')),
  );
}

/** Takes down and removes what the demonstration has made. */
export async function cleanUpNfs(
  { scene, steps }: NfsStory,
  { volume, onAlpha, onBeta }: SharedVolume,
  restored: TestVolume,
): Promise<void> {
  await steps.run('unpublish and unstage on both nodes', async () => {
    for (const { unmount } of [onAlpha, onBeta]) await unmount();
  });
  await steps.run('delete the volumes', async () => {
    for (const each of [volume, restored]) await remove(scene, each);
  });
}

/** What has to work whatever the server does. */
async function showOthers({ scene, steps }: NfsStory, name: string): Promise<void> {
  const { cluster, alpha, beta, directory } = scene;
  await steps.run(
    `Probe all three programs ${PROBES} times`,
    async () => {
      const times: number[] = [];
      const programs = [alpha.program, beta.program, cluster.controllerProgram];
      for (let round = 0; round < PROBES; round += 1) {
        for (const { identity } of programs) {
          const askedAt = performance.now();
          await identity.Probe({}, { deadlineMs: 5_000 });
          times.push(performance.now() - askedAt);
        }
      }
      return times.toSorted((a, b) => a - b);
    },
    (times) => `the slowest took ${formatMs(times.at(-1) ?? 0).trim()}`,
  );
  await steps.run('take a volume of another pool through its life', async () => {
    const local = await create(scene, `${name}-local`, LOCAL_POOL);
    const mounted = await mountVolume(beta, local, { directory });
    await shell(beta, `echo hello >${mounted.target}/file`);
    await mounted.unmount();
    await remove(scene, local);
  });
}

async function create(
  { cluster }: NfsScene,
  name: string,
  pool: string,
  volumeContentSource?: { readonly snapshot: { readonly snapshotId: string } },
): Promise<TestVolume> {
  return await createVolume(cluster, name, {
    parameters: { pool, ...(pool === 'served' ? {} : { quota: 'none' }) },
    capacityRange: { requiredBytes: volumeContentSource === undefined ? VOLUME_BYTES : GROWN_BYTES },
    ...(volumeContentSource === undefined ? {} : { volumeContentSource }),
  });
}

async function remove({ cluster }: NfsScene, { volumeId }: TestVolume): Promise<void> {
  await untilSaid(() => cluster.controller.DeleteVolume({ volumeId }));
}

/** What a create in the pool of the server is told. Throws when it succeeds. */
async function getRefusal({ cluster }: NfsScene, name: string): Promise<string> {
  for (;;) {
    try {
      await cluster.controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: VOLUME_BYTES },
        volumeCapabilities: [SHARED],
        parameters: { pool: 'served' },
      });
    } catch (error) {
      if (isDriverError(error, 'OPERATION_PENDING')) continue;
      if (isDriverError(error, 'POOL_UNAVAILABLE')) return `UNAVAILABLE: ${error.message}`;
      throw error;
    }
    throw new Error('A volume was created on a server that is frozen.');
  }
}

async function shell({ machine }: NfsNode, script: string): Promise<string> {
  return await machine.run(['sh', '-c', script], { deadlineMs: ENDS_WITHIN_MS });
}

/** Past the cache of the client, which takes more than there is room for before it hears of it. */
async function fill(node: NfsNode, path: string, mib: number): Promise<{ readonly writtenBytes: number }> {
  const said = await shell(
    node,
    `dd if=/dev/zero of=${path} bs=1M count=${mib} oflag=direct 2>&1 || true; stat -c 'bytes=%s' ${path}`,
  );
  if (!said.includes('No space left on device')) throw new Error(`The size does not hold: ${said}`);
  return { writtenBytes: Number(/bytes=(\d+)/.exec(said)?.[1]) };
}

async function readDf(
  node: NfsNode,
  { target }: MountedVolume,
  sizeBytes: number,
): Promise<readonly number[]> {
  const said = await shell(node, `df --output=size,used -B1 ${target} | tail -n 1`);
  const figures = said.trim().split(/\s+/).map(Number);
  if (figures[0] !== sizeBytes) throw new Error(`df says ${said}, and not ${sizeBytes} bytes`);
  return figures;
}

function formatDf([size = 0, used = 0]: readonly number[]): string {
  return `${formatMiB(used)} used of ${formatMiB(size)}`;
}

/** What is used of the server's disk. */
async function readUsedMiB({ server }: NfsScene): Promise<number> {
  await server.run(['sync', '--file-system', SERVER_EXPORT]);
  const said = await server.run(['df', '--output=used', '-BM', SERVER_EXPORT]);
  return Number(/(\d+)M/.exec(said)?.[1]);
}

async function checksum(node: NfsNode, path: string): Promise<string> {
  return (await shell(node, `sha256sum <${path}`)).split(' ')[0] ?? '';
}

function expectText(found: string, expected: string): string {
  if (found !== expected) throw new Error(`"${found}" was found, and not "${expected}"`);
  return found;
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.) /)[0] ?? text;
}
