import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VolumeCapability } from '../../src/gen/csi/v1/VolumeCapability.ts';
import { isDriverError } from '../../src/domain/errors.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { startServer, type TestServer } from '../support/server.ts';

const MIB = 2 ** 20;
const capability: VolumeCapability = {
  mount: { fsType: '', mountFlags: [], volumeMountGroup: '1234' },
  accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' },
};

/** As a sidecar does: what is only so for now is asked for again. */
async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isDriverError(error, 'POOL_UNAVAILABLE') && !isDriverError(error, 'OPERATION_PENDING'))
        throw error;
      await new Promise(setImmediate);
    }
  }
}

/** Workers that this process has started, or that were started by nobody who still lives. */
async function listWorkers(parent: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => ((await isWorkerOf(pid, parent)) ? [Number(pid)] : [])),
  );
  return found.flat();
}

async function isWorkerOf(pid: string, parent: number): Promise<boolean> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, parentPid] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return command.includes('pool-worker') && state !== 'Z' && Number(parentPid) === parent;
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.skipIf(skipsRootTests())('the worker of a pool, as a process', () => {
  let scratch: ScratchFilesystem;
  let server: TestServer;
  beforeAll(async () => {
    scratch = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 256 * MIB });
    await mkdir(join(scratch.path, 'pool'));
    server = await start();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  const start = async (): Promise<TestServer> => {
    const place = join(scratch.path, '..');
    return await startServer({
      directory: join(place, 'server'),
      driver: { key: 'nfs', section: { mountDirectory: join(place, 'mounts') } },
      pools: [{ name: 'web', type: 'shared', path: join(scratch.path, 'pool'), mountPoint: scratch.path }],
    });
  };
  const create = async (name: string) =>
    await untilAnswered(() =>
      server.controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: 16 * MIB },
        volumeCapabilities: [capability],
        parameters: { pool: 'web', quota: 'none' },
      }),
    );
  const getWorker = async (): Promise<number> => {
    const [worker, ...others] = await listWorkers(server.pid);
    expect(others).toEqual([]);
    if (worker === undefined) throw new Error('there is no worker');
    return worker;
  };
  /** Mounts a volume as a kubelet does, and gives where. */
  const mountVolume = async (name: string) => {
    const { volume } = await create(name);
    if (volume === null || volume === undefined) throw new Error('no volume was made');
    const paths = {
      staging: join(scratch.path, '..', `${name}-stage`),
      target: join(scratch.path, '..', name),
    };
    await mkdir(paths.staging);
    const { volumeId, volumeContext } = volume;
    const same = { volumeId, volumeContext, stagingTargetPath: paths.staging, volumeCapability: capability };
    await untilAnswered(() => server.node.NodeStageVolume(same));
    await untilAnswered(() => server.node.NodePublishVolume({ ...same, targetPath: paths.target }));
    const takeDown = async (): Promise<void> => {
      await server.node.NodeUnpublishVolume({ volumeId, targetPath: paths.target });
      await server.node.NodeUnstageVolume({ volumeId, stagingTargetPath: paths.staging });
    };
    return { volumeId, ...paths, takeDown };
  };

  it('makes volumes, mounts them, and gives them to the group of the pod', async () => {
    const { target, takeDown } = await mountVolume('mounted');

    await writeFile(join(target, 'file'), 'kept');

    const { gid, mode } = await stat(target);
    expect({ gid, mode: mode & 0o7777 }).toEqual({ gid: 1234, mode: 0o2770 });
    await takeDown();
    expect(await readdir(join(scratch.path, '..'))).not.toContain('mounted');
  });

  it('is replaced when it is killed: volumes and what is mounted of them stay', async () => {
    const { volumeId, target, takeDown } = await mountVolume('survivor');
    await writeFile(join(target, 'file'), 'kept');
    const worker = await getWorker();

    process.kill(worker, 'SIGKILL');
    const { entries } = await untilAnswered(() => server.controller.ListVolumes({}));

    expect(entries.map(({ volume }) => volume?.volumeId)).toContain(volumeId);
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('kept');
    expect(await getWorker()).not.toBe(worker);
    const again = await untilAnswered(() => server.node.NodeGetVolumeStats({ volumeId, volumePath: target }));
    expect(again.usage.map(({ unit }) => unit)).toContain('BYTES');
    await takeDown();
  });

  it('logs lines of JSON where its parent does', async () => {
    await create('logged');

    const lines = server.logs().map((line) => JSON.parse(line) as { readonly component?: string });

    expect(lines.map(({ component }) => component)).toContain('pool-worker');
  });

  it('ends with its parent, however that ends, and the next one has everything', async () => {
    const { volume } = await create('lasting');
    const worker = await getWorker();

    await server.kill();

    await expect.poll(() => isAlive(worker)).toBe(false);
    server = await start();
    expect((await create('lasting')).volume?.volumeId).toBe(volume?.volumeId);
    const next = await getWorker();
    await server.stop();
    await expect.poll(() => isAlive(next)).toBe(false);
  });
});
