import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeMachine, type FakeMachine } from '../../../../test/support/fake-machine.ts';
import { unusable } from '../../../../test/support/unusable.ts';
import { SystemCallError } from '../../../host/errno.ts';
import type { Host, MountOptions } from '../../../host/host.ts';
import { silentLogger } from '../../../observability/logger.ts';
import { NfsPool } from '../config.ts';
import { PoolMounts } from './pool-mounts.ts';

const never = new AbortController().signal;
const WEB = { type: 'nfs', name: 'web', server: '10.0.0.1', export: '/srv' } as const;
const PLAIN = { versions: ['4.2'], words: [] } as const;

describe('the mounts of a pool', () => {
  let directory: string;
  let machine: FakeMachine;
  let mounted: MountOptions[];
  let mounting: () => Promise<void>;
  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-pool-mounts-')));
    machine = createFakeMachine();
    mounted = [];
    mounting = async () => await Promise.resolve();
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  function createMounts(pool: object = WEB): PoolMounts {
    const host: Pick<Host, 'mounts' | 'syscalls'> = {
      mounts: unusable<Host['mounts']>('mounts', {
        list: async (signal) => await machine.mounts.list(signal),
        async mount(options) {
          mounted.push(options);
          await mounting();
          const { target, source } = options;
          machine.mountForeign(target, { fsType: 'nfs4', source, majorMinor: `0:${60 + mounted.length}` });
        },
      }),
      syscalls: unusable<Host['syscalls']>('syscalls', {
        async unmount({ target }, signal) {
          const isMounted = listMounted().includes(target);
          if (isMounted) return await machine.mounts.unmount(target, signal);
          const code = { code: 'EINVAL', errno: constants.errno.EINVAL };
          throw new SystemCallError({ ...code, syscall: 'umount2', message: 'not mounted' });
        },
      }),
    };
    return new PoolMounts({
      pool: NfsPool.parse(pool),
      mountDirectory: directory,
      host,
      logger: silentLogger,
    });
  }
  const listMounted = (): readonly string[] =>
    machine
      .table()
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => mountPoint.startsWith(`${directory}/`));
  const use = async (mounts: PoolMounts, mount: Parameters<PoolMounts['withData']>[0] = PLAIN) =>
    await mounts.withData(mount, never, async (root) => await Promise.resolve(root));

  test('show agents at once what other clients have done', async () => {
    const root = await createMounts({ ...WEB, managementOptions: ['soft'] }).ensureManagement(never);

    expect(root).toMatch(new RegExp(`^${directory}/web/manage-[a-z2-7]{12}$`));
    expect(mounted).toMatchObject([{ source: '10.0.0.1:/srv', target: root, fsType: 'nfs' }]);
    expect(mounted[0]?.options).toEqual([
      'vers=4.2',
      'actimeo=0',
      'soft',
      'lookupcache=none',
      'nosharecache',
      'addr=10.0.0.1',
    ]);
  });

  test('are made once, for all calls at the same time and after', async () => {
    const mounts = createMounts();

    const roots = await Promise.all([use(mounts), use(mounts)]);
    await use(createMounts());

    expect(new Set(roots).size).toBe(1);
    expect(mounted).toHaveLength(1);
  });

  test('are different ones for different options, versions and servers', async () => {
    const mounts = createMounts();

    const roots = [
      await use(mounts),
      await use(mounts, { ...PLAIN, words: ['soft'] }),
      await use(mounts, { ...PLAIN, versions: ['4.1'] }),
      await use(createMounts({ ...WEB, server: '10.0.0.2' })),
      await mounts.ensureManagement(never),
    ];

    expect(new Set(roots).size).toBe(5);
  });

  test('go on being made when nobody waits any more, which is no idle time', async () => {
    const gate = Promise.withResolvers<void>();
    mounting = async () => await gate.promise;
    const mounts = createMounts();
    const leaving = new AbortController();
    const call = mounts.withData(PLAIN, leaving.signal, async () => await Promise.resolve());
    await expect.poll(() => mounted.length).toBe(1);

    leaving.abort(new Error('enough'));

    await expect(call).rejects.toThrow('enough');
    expect(mounts.isBusy).toBe(true);
    gate.resolve();
    await use(mounts);
    expect(mounted).toHaveLength(1);
    expect(mounts.isBusy).toBe(false);
  });

  test('are made anew where the server has replaced what was there', async () => {
    const mounts = createMounts();
    const root = await use(mounts);
    // What is mounted answers ENOENT, as a directory that is gone does.
    await rm(root, { recursive: true });

    await expect(use(mounts)).resolves.toBe(root);

    expect(mounted).toHaveLength(2);
    expect(listMounted()).toEqual([root]);
  });

  test('are taken away when no volume uses them, and not before', async () => {
    const mounts = createMounts();
    const [used, unused] = [await use(mounts), await use(mounts, { ...PLAIN, words: ['soft'] })];
    const manage = await mounts.ensureManagement(never);
    machine.mountForeign('/pods/volume', { fsType: 'nfs4', majorMinor: '0:61', source: '10.0.0.1:/srv/x' });

    await mounts.releaseUnused(never);

    expect(listMounted()).toEqual([used, manage]);
    expect(await readdir(join(directory, 'web'))).not.toContain(unused.split('/').at(-1));
    await machine.mounts.unmount('/pods/volume', never);
    await mounts.releaseUnused(never);
    expect(listMounted()).toEqual([manage]);
  });

  test('are not taken away from under a volume that is just being mounted', async () => {
    const mounts = createMounts();
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const staging = mounts.withData(PLAIN, never, async () => {
      begun.resolve();
      await gate.promise;
      machine.mountForeign('/pods/volume', { fsType: 'nfs4', majorMinor: '0:61', source: '10.0.0.1:/srv/x' });
    });
    await begun.promise;

    const releasing = mounts.releaseUnused(never);
    await new Promise(setImmediate);
    gate.resolve();
    await Promise.all([staging, releasing]);

    expect(listMounted()).toHaveLength(1);
  });

  test('of other pools are left alone', async () => {
    const other = join(directory, 'web-2', 'data-abc');
    machine.mountForeign(other, { fsType: 'nfs4', majorMinor: '0:99' });

    await createMounts().releaseUnused(never);

    expect(listMounted()).toEqual([other]);
  });

  test('for agents of an earlier configuration are dropped, those of data stay', async () => {
    const before = createMounts({ ...WEB, server: '10.0.0.9' });
    await before.ensureManagement(never);
    const data = await use(before);
    await mkdir(join(directory, 'web', 'manage-left'));

    const now = await createMounts().ensureManagement(never);

    expect(listMounted()).toEqual([data, now]);
    const names = await readdir(join(directory, 'web'));
    expect(names.filter((name) => name.startsWith('manage-'))).toEqual([now.split('/').at(-1)]);
  });

  describe('that somebody else makes', () => {
    /** A directory of a file system of its own, as far as its number goes. */
    const SHARED = { type: 'shared', name: 'web', path: '/proc/self/task' } as const;
    const CANONICAL = { ...SHARED, path: '/proc' } as const;

    test('are taken as they are where no mount point is named, if they are not on the disk of the node', async () => {
      const mounts = createMounts(CANONICAL);

      await expect(mounts.ensureManagement(never)).resolves.toBe('/proc');
      await expect(use(mounts)).resolves.toBe('/proc');
      expect(mounted).toEqual([]);
      const onDisk = createMounts({ ...CANONICAL, path: await realpath(directory) });
      await expect(onDisk.ensureManagement(never)).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
        message: expect.stringContaining('own disk'),
      });
    });

    test('have no symbolic links in their paths', async () => {
      await expect(createMounts(SHARED).ensureManagement(never)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringMatching(/symbolic link.* write \/proc\/\d+\/task/),
      });
    });

    test('have to be there where one is', async () => {
      const mounts = createMounts({ ...CANONICAL, mountPoint: '/proc' });

      for (const call of [mounts.ensureManagement(never), use(mounts)]) {
        await expect(call).rejects.toMatchObject({
          code: 'POOL_UNAVAILABLE',
          message: expect.stringContaining('No file system has its root at /proc'),
        });
      }
      machine.mountForeign('/proc');
      await expect(use(mounts)).resolves.toBe('/proc');
    });
  });
});
