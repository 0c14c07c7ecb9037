import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type NfsClient } from '../../support/nfs/client.ts';
import { type NfsServer, startNfsServer } from '../../support/nfs/server.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../../support/scratch.ts';

const POOL = '/mnt/nfs';

let exported: ScratchFilesystem;
let server: NfsServer;
let client: NfsClient;
beforeAll(async () => {
  exported = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 512 * 2 ** 20 });
  server = await startNfsServer({
    exports: [{ name: 'pool', directory: exported.path }],
    versions: ['4.2'],
    leaseSeconds: undefined,
    graceSeconds: undefined,
  });
  client = await createClient('client-1');
});
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await exported?.[Symbol.asyncDispose]();
});

async function mountPool(one: NfsClient): Promise<void> {
  const address = server.machine.addresses.ipv4;
  await one.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
}

describe('a server with the grace of the kernel', () => {
  it('has one of 90 s, and a lease as long', async () => {
    const times = ['/proc/fs/nfsd/nfsv4gracetime', '/proc/fs/nfsd/nfsv4leasetime'];

    expect(await server.machine.run(['cat', ...times])).toBe('90\n90\n');
  });

  it('lets nobody open a file after a start as long as it waits for a client that is gone', async () => {
    await using gone = await createClient('client-gone');
    await mountPool(gone);
    await gone.run(['touch', `${POOL}/file`]);
    await gone.impair({ lossPercent: 100 });
    await server.stop();
    await server.start();
    await mountPool(client);

    await using writing = client.start(['touch', `${POOL}/other`]);
    expect(await writing.endsWithin(3_000)).toBe(false);
    // Not a lookup: the client makes those in the same directory wait for the one that creates a file.
    await client.run(['stat', '-f', POOL]);

    await server.machine.run(['sh', '-c', 'echo Y >/proc/fs/nfsd/v4_end_grace']);
    expect(await writing.endsWithin(30_000)).toBe(true);
    expect(await writing.ended).toMatchObject({ exitCode: 0 });
    await client.unmount(POOL);
  });
});
