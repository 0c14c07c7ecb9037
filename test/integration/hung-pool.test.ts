import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toOutcome } from '../support/csi-clients.ts';
import { createKubelet } from '../support/kubelet.ts';
import {
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  skipsRootTests,
} from '../support/scratch.ts';
import { startServer, type TestServer } from '../support/server.ts';

const exec = promisify(execFile);
const MIB = 2 ** 20;
/** What others may have to wait for a pool that hangs. */
const WITHIN_MS = 5_000;
/** For so long a pool is asked for a sign of life; one that is known to give none, not at all. */
const PATIENCE_MS = 5_000;

describe.skipIf(skipsRootTests())('a server one of whose pools hangs', () => {
  let stack: AsyncDisposableStack;
  let scratch: ScratchDirectory;
  let thaws: (() => Promise<void>)[];

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    thaws = [];
    scratch = stack.use(await makeScratchDirectory());
  });
  afterEach(async () => {
    // Before the server is stopped, which would wait for what hangs.
    for (const thaw of thaws) await thaw();
    await stack.disposeAsync();
  });

  async function makePool(name: string) {
    const disk = stack.use(await makeScratchFilesystem({ type: 'ext4', sizeBytes: 1024 * MIB }));
    const path = join(disk.path, 'pool');
    await mkdir(path);
    const thaw = async (): Promise<void> => {
      await exec('fsfreeze', ['--unfreeze', disk.path]).catch(() => undefined);
    };
    thaws.push(thaw);
    return { name, path, freeze: async () => await exec('fsfreeze', ['--freeze', disk.path]), thaw };
  }

  async function create(server: TestServer, pool: string, name = randomUUID()) {
    return await toOutcome(
      server.controller.CreateVolume({
        name,
        capacityRange: { requiredBytes: 16 * MIB },
        volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
        parameters: { pool, layout: 'image' },
      }),
    );
  }

  /** Asks Probe all the time until it is told to stop; resolves with the slowest but for one answer in a hundred. */
  function watchProbe(server: TestServer) {
    const stop = new AbortController();
    const watching = (async () => {
      const times: number[] = [];
      while (!stop.signal.aborted) {
        const startedAt = performance.now();
        await server.identity.Probe({});
        times.push(performance.now() - startedAt);
        await sleep(10);
      }
      return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
    })();
    return async () => {
      stop.abort();
      return await watching;
    };
  }

  it('serves the others meanwhile, says at once that this one does not answer, and goes on when it does', async () => {
    const hung = await makePool('hung');
    const fine = await makePool('fine');
    const pools = [hung, fine].map(({ name, path }) => ({ name, path }));
    const server = stack.use(await startServer({ directory: join(scratch.path, 'server'), pools }));
    const kubelet = await createKubelet({ ...server, directory: join(scratch.path, 'kubelet') });
    const parameters = { pool: 'fine', layout: 'image' };
    const old = await kubelet.stage(await kubelet.create({ sizeBytes: 16 * MIB, use: 'ext4', parameters }));
    await kubelet.publish(old);
    await hung.freeze();
    const getProbeMs = watchProbe(server);

    const names = Array.from({ length: 40 }, () => randomUUID());
    const creations = names.map(async (name) => await create(server, 'hung', name));
    await sleep(100);
    const startedAt = performance.now();
    await kubelet.unpublish(old);
    await kubelet.unstage(old);
    const bound = await kubelet.create({ sizeBytes: 16 * MIB, use: 'ext4', parameters });
    const mounted = await kubelet.stage(bound);
    await kubelet.publish(mounted);
    expect(performance.now() - startedAt).toBeLessThan(WITHIN_MS);

    const outcomes = await Promise.all(creations.slice(-8));
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'UNAVAILABLE'));
    const askedAt = performance.now();
    expect(await create(server, 'hung')).toMatchObject({
      status: 'UNAVAILABLE',
      message: expect.stringMatching(/pool hung .*does not answer.*fsfreeze/),
    });
    expect(performance.now() - askedAt).toBeLessThan(PATIENCE_MS);
    await kubelet.remove(old);
    await kubelet.unpublish(mounted);
    await kubelet.unstage(mounted);
    await kubelet.remove(bound);
    expect(await getProbeMs()).toBeLessThan(WITHIN_MS);

    await hung.thaw();
    await Promise.all(creations);
    for (const name of names.slice(-8)) {
      await expect.poll(async () => await create(server, 'hung', name)).toMatchObject({ status: 'OK' });
    }
    expect(await server.stop()).toBe(0);
  });

  it('has more threads for file operations than one pool can take', async () => {
    const pools = [{ name: 'main', path: scratch.path }];
    const server = stack.use(await startServer({ directory: join(scratch.path, 'server'), pools }));

    const tasks = await readdir(`/proc/${server.pid}/task`);
    const names = await Promise.all(
      tasks.map(async (task) => await readFile(`/proc/${server.pid}/task/${task}/comm`, 'utf8')),
    );

    expect(names.filter((name) => name === 'libuv-worker\n')).toHaveLength(64);
  });
});
