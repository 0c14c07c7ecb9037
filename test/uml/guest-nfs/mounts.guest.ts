import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, createGuestClient, type NfsClient, startLocking } from '../../support/nfs/client.ts';
import { holdLock, isLocked } from '../../support/nfs/locks.ts';
import { type NfsServer, type NfsVersion, startNfsServer } from '../../support/nfs/server.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../../support/scratch.ts';

const POOL = '/mnt/nfs';

interface Row {
  readonly version: NfsVersion;
  readonly family: 'ipv4' | 'ipv6';
  readonly options: readonly string[];
}

const ROWS: readonly Row[] = [
  { version: '4.2', family: 'ipv4', options: ['vers=4.2'] },
  { version: '4.2', family: 'ipv6', options: ['vers=4.2'] },
  { version: '4.1', family: 'ipv4', options: ['vers=4.1'] },
  { version: '3', family: 'ipv4', options: ['vers=3', 'nolock'] },
  { version: '3', family: 'ipv6', options: ['vers=3', 'nolock'] },
];

let exported: ScratchFilesystem;
let server: NfsServer;
let client: NfsClient;
let other: NfsClient;
beforeAll(async () => {
  exported = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 512 * 2 ** 20 });
  server = await startNfsServer({ exports: [{ name: 'pool', directory: exported.path }] });
  client = await createClient('client-1');
  other = await createClient('client-2');
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await client?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await exported?.[Symbol.asyncDispose]();
});

function toRequest({ version, family, options }: Row) {
  const address = server.machine.addresses[family];
  return { address, path: server.getPath('pool', version), mountPoint: POOL, options };
}

describe('a kernel NFS server', () => {
  it.each(ROWS)('is mounted with $options over $family', async (row) => {
    await client.mount(toRequest(row));

    await client.run(['sh', '-c', `hostname >${POOL}/name`]);

    expect(await client.run(['cat', '/proc/self/mounts'])).toContain(`vers=${row.version},`);
    expect(await server.machine.run(['cat', `${exported.path}/name`])).toBe('client-1\n');
    await client.unmount(POOL);
  });

  it('is mounted by the guest itself', async () => {
    const guest = await createGuestClient();
    await guest.mount(toRequest({ version: '4.2', family: 'ipv4', options: ['vers=4.2'] }));

    await guest.run(['sh', '-c', `echo word >${POOL}/guest`]);

    expect(await server.machine.run(['cat', `${exported.path}/guest`])).toBe('word\n');
    await guest.unmount(POOL);
  });

  it('knows two clients by their host names, and each sees what the other writes', async () => {
    const request = toRequest({ version: '4.2', family: 'ipv4', options: ['vers=4.2'] });
    await client.mount(request);
    await other.mount(request);

    await client.run(['sh', '-c', `echo first >${POOL}/shared`]);
    await other.run(['sh', '-c', `cat ${POOL}/shared; echo second >>${POOL}/shared`]);

    expect(await client.run(['cat', `${POOL}/shared`])).toBe('first\nsecond\n');
    const clients = await server.machine.run(['sh', '-c', 'cat /proc/fs/nfsd/clients/*/info']);
    expect(clients).toMatch(/NFSv4\.2 client-1"[^]*NFSv4\.2 client-2"/);
    await client.unmount(POOL);
    await other.unmount(POOL);
  });

  it.each<{ readonly what: string; readonly options: readonly string[]; readonly isShared: boolean }>([
    { what: 'binds the other client with version 4.2', options: ['vers=4.2'], isShared: true },
    { what: 'binds the other client with version 3 and statd', options: ['vers=3'], isShared: true },
    { what: 'stays on its client with nolock', options: ['vers=3', 'nolock'], isShared: false },
  ])('a lock $what', async ({ options, isShared }) => {
    const version = options.includes('vers=3') ? '3' : '4.2';
    for (const one of [client, other]) {
      if (version === '3' && isShared) await startLocking(one);
      await one.mount(toRequest({ version, family: 'ipv4', options }));
    }

    const lock = await holdLock(client, `${POOL}/lock`);
    expect(await isLocked(other, `${POOL}/lock`)).toBe(isShared);
    expect(await isLocked(client, `${POOL}/lock`)).toBe(true);

    await lock[Symbol.asyncDispose]();
    await client.unmount(POOL);
    await other.unmount(POOL);
  });
});
