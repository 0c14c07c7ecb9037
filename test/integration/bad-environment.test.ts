import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toOutcome } from '../support/csi-clients.ts';
import { createKubelet } from '../support/kubelet.ts';
import {
  listLoopsBelow,
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  type ScratchOptions,
  skipsRootTests,
} from '../support/scratch.ts';
import { type PoolConfig, type ServerOptions, startServer, type TestServer } from '../support/server.ts';

const exec = promisify(execFile);
const MIB = 2 ** 20;
const SOURCE = resolve(import.meta.dirname, '../../src/main/cli.ts');

/** What a process has used of its processors. */
async function getProcessorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

describe.skipIf(skipsRootTests())('a server in a bad environment', () => {
  let stack: AsyncDisposableStack;
  let scratch: ScratchDirectory;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    scratch = stack.use(await makeScratchDirectory());
  });
  afterEach(async () => await stack.disposeAsync());

  async function serve(pools: readonly PoolConfig[], more: Partial<ServerOptions> = {}): Promise<TestServer> {
    return stack.use(await startServer({ directory: join(scratch.path, 'server'), pools, ...more }));
  }

  /** A disk of the test's own with a directory for a pool. */
  async function makeDisk(options: ScratchOptions): Promise<string> {
    const disk = stack.use(await makeScratchFilesystem(options));
    await mkdir(join(disk.path, 'pool'));
    return disk.path;
  }

  async function create(server: TestServer, pool: string, sizeBytes = 16 * MIB) {
    return await toOutcome(
      server.controller.CreateVolume({
        name: `pvc-${randomUUID()}`,
        capacityRange: { requiredBytes: sizeBytes },
        volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
        parameters: { pool, layout: 'image' },
      }),
    );
  }

  describe('with a configuration that is wrong', () => {
    it.each<[string, Partial<ServerOptions>, RegExp]>([
      [
        'an unknown section',
        { extra: { logs: {} } },
        /code 2[^]*logs \(line \d+\): unknown key; did you mean log\?/,
      ],
      [
        'a relative pool',
        { pools: [{ name: 'x', path: 'x' }] },
        /code 2[^]*pools\[0\]\.path \(line \d+\): must be/,
      ],
    ])('does not start for %s, and names the key', async (_, options, expected) => {
      await expect(serve([{ name: 'main', path: scratch.path }], options)).rejects.toThrow(expected);
    });
  });

  describe('serves the pools that there are and says of the others', () => {
    it('that a directory is missing', async () => {
      const path = join(scratch.path, 'missing');
      const server = await serve([{ name: 'main', path }]);

      const outcome = await create(server, 'main');

      expect(outcome.status).toBe('UNAVAILABLE');
      expect(outcome.message).toMatch(/pool main .*missing of pool main does not exist: make it/);
      const { backendHealth } = await server.node.NodeGetStorageHealth({});
      expect(backendHealth).toMatchObject([{ status: 'STORAGE_UNREACHABLE' }]);
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('that a disk is not mounted', async () => {
      const path = join(scratch.path, 'pool');
      await mkdir(path);
      const pools = [{ name: 'main', path }];
      await (await serve(pools)).stop();
      await rename(path, `${path}-away`);
      await mkdir(path);

      const outcome = await create(await serve(pools), 'main');

      expect(outcome.status).toBe('UNAVAILABLE');
      expect(outcome.message).toMatch(/disk is probably not mounted/);
      expect(await readdir(path)).toEqual([]);
    });

    it('that the disk below a preallocated file is too small', async () => {
      const disk = await makeDisk({ type: 'ext4', sizeBytes: 64 * MIB });
      const backing = { type: 'file', path: join(disk, 'pool.img'), size: 320 * MIB };
      const server = await serve([{ name: 'main', path: join(disk, 'pool'), backing }]);

      const outcome = await create(server, 'main');

      expect(outcome.status).toBe('UNAVAILABLE');
      expect(outcome.message).toMatch(/has no room for 335544320 bytes: free some, set a smaller size/);
      expect((await readdir(disk)).toSorted()).toEqual(['lost+found', 'pool']);
      expect(await readdir(join(disk, 'pool'))).toEqual([]);
    });
  });

  it('says in one line, and not as an error, that a file system has no quotas for trees', async () => {
    const path = await makeDisk({ type: 'ext4', sizeBytes: 256 * MIB });
    const server = await serve([{ name: 'main', path: join(path, 'pool') }]);

    const lines = server.logs().filter((line) => line.includes('no quotas for trees'));

    expect(lines).toEqual([expect.stringMatching(/"level":"info".*"reason":"[^"]+"/)]);
    expect(lines.join('')).not.toContain('"stack"');
  });

  it('goes on serving when nobody reads its log any more, and stops in order when it is told to', async () => {
    const server = await serve([{ name: 'main', path: scratch.path }]);
    server.closeLogs();

    for (let round = 0; round < 5; round += 1) {
      expect(await create(server, 'nowhere')).toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    }
    expect(await create(server, 'main')).toMatchObject({ status: 'OK' });
    const isIdle = async (): Promise<boolean> => {
      const before = await getProcessorSeconds(server.pid);
      await sleep(500);
      return (await getProcessorSeconds(server.pid)) - before < 0.2;
    };

    await expect.poll(isIdle).toBe(true);
    expect(await server.stop()).toBe(0);
  });

  describe('on a node without mkfs.xfs', () => {
    /** The program in a mount namespace of its own, in which the file is not there. */
    async function hide(file: string): Promise<readonly string[]> {
      const [upper, work] = [join(scratch.path, 'upper'), join(scratch.path, 'work')];
      await mkdir(upper);
      await mkdir(work);
      await exec('mknod', [join(upper, file), 'c', '0', '0']);
      const options = `lowerdir=/usr/sbin,upperdir=${upper},workdir=${work}`;
      const script = `mount -t overlay overlay -o "${options}" /usr/sbin && exec "$@"`;
      return [
        'unshare',
        '--mount',
        '--propagation=private',
        'sh',
        '-c',
        script,
        'sh',
        process.execPath,
        SOURCE,
      ];
    }

    it('says which package is missing, and goes on once it is there', async () => {
      const disk = await makeDisk({ type: 'ext4', sizeBytes: 1024 * MIB });
      const backing = { type: 'file', path: join(scratch.path, 'pool.img'), size: 320 * MIB, sparse: true };
      const pools = [
        { name: 'made', path: join(scratch.path, 'made'), backing },
        { name: 'plain', path: join(disk, 'pool') },
      ];
      const without = await serve(pools, { program: await hide('mkfs.xfs') });

      const pool = await create(without, 'made');
      const kubelet = await createKubelet({ ...without, directory: join(scratch.path, 'kubelet') });
      const parameters = { pool: 'plain', layout: 'image', preallocate: 'false' };
      const bound = await kubelet.create({ sizeBytes: 320 * MIB, use: 'xfs', parameters });
      const volume = await toOutcome(kubelet.stage(bound).then((mounted) => ({ mounted })));

      const sentence = /mkfs\.xfs is not installed on this node. Install the Debian package xfsprogs/;
      expect(pool).toMatchObject({ status: 'UNAVAILABLE', message: expect.stringMatching(sentence) });
      expect(volume).toMatchObject({
        status: 'FAILED_PRECONDITION',
        message: expect.stringMatching(sentence),
      });
      expect(await listLoopsBelow(disk)).toEqual([]);
      await without.stop();
      const after = await serve(pools);
      const again = await createKubelet({ ...after, directory: join(scratch.path, 'kubelet') });
      await again.unstage(await again.stage(bound));
      expect(await create(after, 'made')).toMatchObject({ status: 'OK' });
    });
  });

  describe('on a disk that others have filled', () => {
    /** Takes every block that there is. */
    async function fill(path: string): Promise<void> {
      await using file = await open(path, 'wx');
      const zeros = Buffer.alloc(MIB);
      for (let size = MIB; size >= 512; ) {
        try {
          await file.write(zeros, 0, size);
        } catch {
          size /= 2;
        }
      }
      await file.sync().catch(() => undefined);
    }

    it.each(['ext4', 'xfs', 'btrfs'] as const)(
      'makes nothing of a request, whole or in part, and frees what it is asked to (%s)',
      async (type) => {
        const disk = await makeDisk({ type, sizeBytes: type === 'xfs' ? 320 * MIB : 256 * MIB });
        const path = join(disk, 'pool');
        const server = await serve([{ name: 'main', path }]);
        const { controller } = server;
        const kubelet = await createKubelet({ ...server, directory: join(scratch.path, 'kubelet') });
        const parameters = { pool: 'main', layout: 'image', preallocate: 'false' };
        const bound = await kubelet.create({ sizeBytes: 16 * MIB, use: '', parameters });
        const mounted = await kubelet.stage(bound);
        await kubelet.unstage(mounted);
        const { volumeId } = bound;
        const look = async () => ({
          volumes: await readdir(join(path, 'volumes')),
          snapshots: await readdir(join(path, 'snapshots')),
          staging: await readdir(join(path, '.stowage', 'staging')),
          sizes: await Promise.all(
            (await readdir(join(path, 'volumes'))).map(
              async (name) => (await stat(join(path, 'volumes', name, 'disk.img'))).size,
            ),
          ),
        });
        const before = await look();
        await fill(join(disk, 'filler'));

        const outcomes = [
          await create(server, 'main'),
          await toOutcome(controller.CreateSnapshot({ name: 'snap', sourceVolumeId: volumeId })),
          await toOutcome(
            controller.ControllerExpandVolume({ volumeId, capacityRange: { requiredBytes: 64 * MIB } }),
          ),
        ];

        for (const outcome of outcomes) {
          expect(outcome).toMatchObject({
            status: 'RESOURCE_EXHAUSTED',
            message: expect.stringMatching(/(no room|is full).*[Rr]emove volumes or snapshots, or enlarge/),
          });
        }
        expect(await look()).toEqual(before);
        await expect.poll(() => readdir(join(path, '.stowage', 'trash'))).toEqual([]);
        await kubelet.remove(bound);
        expect(await readdir(join(path, 'volumes'))).toEqual([]);
        await rm(join(disk, 'filler'));
        // btrfs frees blocks at the commit of a transaction.
        await exec('sync', ['--file-system', disk]);
        await expect.poll(async () => await create(server, 'main')).toMatchObject({ status: 'OK' });
      },
    );
  });
});
