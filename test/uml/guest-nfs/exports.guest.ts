import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type NfsClient } from '../../support/nfs/client.ts';
import { holdLock, isLocked } from '../../support/nfs/locks.ts';
import { type NfsServer, startNfsServer } from '../../support/nfs/server.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../../support/scratch.ts';

const POOL = '/mnt/nfs';

let exported: ScratchFilesystem;
let server: NfsServer;
let client: NfsClient;
beforeAll(async () => {
  exported = await makeScratchFilesystem({
    type: 'xfs',
    sizeBytes: 512 * 2 ** 20,
    mountOptions: ['prjquota'],
  });
  server = await startNfsServer({ exports: [], versions: ['4.2'] });
  client = await createClient('client-1');
});
beforeEach(async () => {
  await server.putExport({ name: 'pool', directory: exported.path });
  const address = server.machine.addresses.ipv4;
  await client.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
  return async () => await client.detach(POOL);
});
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await exported?.[Symbol.asyncDispose]();
});

describe('an export', () => {
  it('of an xfs binds root of a client to the quota of a project, and shows it as the size', async () => {
    const path = `${exported.path}/project`;
    await mkdir(path);
    const commands = [`project -s -p ${path} 7`, 'limit -p bhard=8m 7'].flatMap((words) => ['-c', words]);
    await server.machine.run(['xfs_quota', '-x', ...commands, exported.path]);

    expect(await client.run(['df', '--output=size', '-B', 'M', `${POOL}/project`])).toMatch(/\b8M/);
    // Direct, since Linux 6.1 never ends the writeback of pages that the server has no space for, and sync(1) waits for it.
    const write = ['dd', 'if=/dev/zero', `of=${POOL}/project/file`, 'bs=1M', 'count=16', 'oflag=direct'];
    await expect(client.run(write)).rejects.toThrow('No space left on device');
  });

  it('of an xfs shares the blocks of a copy that a client makes', async () => {
    await client.run(['dd', 'if=/dev/urandom', `of=${POOL}/file`, 'bs=1M', 'count=4', 'conv=fsync']);

    await client.run(['cp', '--reflink=always', `${POOL}/file`, `${POOL}/copy`]);

    await client.run(['cmp', `${POOL}/file`, `${POOL}/copy`]);
    expect(await server.machine.run(['filefrag', '-v', `${exported.path}/copy`])).toContain('shared');
  });

  it('of a tmpfs is served as well', async () => {
    await server.machine.run(['mkdir', '-p', '/run/memory']);
    await server.putExport({ name: 'memory', directory: '/run/memory' });
    const address = server.machine.addresses.ipv4;
    await client.mount({ address, path: '/memory', mountPoint: '/mnt/memory', options: ['vers=4.2'] });

    await client.run(['touch', '/mnt/memory/file']);

    expect(await server.machine.run(['ls', '/run/memory'])).toBe('file\n');
    await client.unmount('/mnt/memory');
    await server.removeExport('memory');
  });

  it('with root_squash takes a file of root for that of nobody', async () => {
    await client.run(['chmod', '1777', POOL]);
    await server.putExport({ name: 'pool', directory: exported.path, clients: { '*': ['rw'] } });

    await client.run(['touch', `${POOL}/squashed`]);

    expect(await client.run(['stat', '-c', '%u', `${POOL}/squashed`])).toBe('65534\n');
    await expect(client.run(['chmod', '0755', POOL])).rejects.toThrow('Operation not permitted');
  });

  it('may be read-only for one client and not for another', async () => {
    await using other = await createClient('client-2');
    const address = server.machine.addresses.ipv4;
    await other.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
    const clients = { [client.addresses.ipv4]: ['ro'], '*': ['rw', 'no_root_squash'] };

    await server.putExport({ name: 'pool', directory: exported.path, clients });

    await expect(client.run(['touch', `${POOL}/mine`])).rejects.toThrow('Read-only file system');
    await other.run(['touch', `${POOL}/mine`]);
    await other.unmount(POOL);
  });

  it('that is removed is stale to its clients, until it is back', async () => {
    await client.run(['touch', `${POOL}/before`]);

    await server.removeExport('pool');

    await expect(client.run(['touch', `${POOL}/after`])).rejects.toThrow('Stale file handle');
    await server.putExport({ name: 'pool', directory: exported.path });
    await client.run(['touch', `${POOL}/after`]);
  });
});

describe('a server that is stopped and started', () => {
  it('lets its clients go on, with the locks that they had', async () => {
    await using _lock = await holdLock(client, `${POOL}/lock`);
    await server.stop();
    await using waiting = client.start(['stat', '-f', POOL]);
    expect(await waiting.endsWithin(1_000)).toBe(false);

    await server.start();

    expect(await waiting.endsWithin(30_000)).toBe(true);
    await using other = await createClient('client-2');
    const address = server.machine.addresses.ipv4;
    await other.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
    expect(await isLocked(other, `${POOL}/lock`)).toBe(true);
    await other.unmount(POOL);
  });
});
