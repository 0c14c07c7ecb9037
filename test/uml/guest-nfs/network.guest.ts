import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type NfsClient } from '../../support/nfs/client.ts';
import { createMachine, type NamespacedMachine } from '../../support/nfs/machine.ts';
import { type NfsServer, startNfsServer } from '../../support/nfs/server.ts';

const POOL = '/mnt/nfs';
const DELAY_MS = 700;

let machine: NamespacedMachine;
let server: NfsServer;
let client: NfsClient;
beforeAll(async () => {
  machine = await createMachine('far-server');
  await machine.run(['mkdir', '/run/pool']);
  server = await startNfsServer({
    machine,
    exports: [{ name: 'pool', directory: '/run/pool' }],
    versions: ['4.2'],
  });
  client = await createClient('client-1');
  const address = machine.addresses.ipv4;
  await client.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
});
beforeEach(() => async () => await machine.impair());
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await machine?.[Symbol.asyncDispose]();
});

describe('the way to a server', () => {
  it('takes as long as it is told to', async () => {
    await machine.impair({ delayMs: DELAY_MS });

    const startedAt = performance.now();
    await client.run(['stat', '-f', POOL]);

    // netem counts in the kernel's ticks.
    expect(performance.now() - startedAt).toBeGreaterThan(DELAY_MS - 20);
  });

  it('may lose packets, which come later then', async () => {
    await machine.impair({ lossPercent: 5 });

    await client.run(['dd', 'if=/dev/zero', `of=${POOL}/file`, 'bs=64k', 'count=16', 'conv=fsync']);

    expect(await machine.run(['stat', '-c', '%s', '/run/pool/file'])).toBe(`${16 * 64 * 1024}\n`);
  });

  it('may lead nowhere: what asks the server waits, and goes on when there is a way again', async () => {
    await machine.impair({ lossPercent: 100 });
    await using waiting = client.start(['stat', '-f', POOL]);
    expect(await waiting.endsWithin(1_000)).toBe(false);

    await machine.impair();

    expect(await waiting.endsWithin(30_000)).toBe(true);
    expect(await waiting.ended).toMatchObject({ exitCode: 0 });
  });

  it('may be left for good: a program that waits can be killed, and its mount be taken away', async () => {
    await using lost = await createClient('client-2');
    const address = machine.addresses.ipv4;
    await lost.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2', 'hard'] });
    await machine.impair({ lossPercent: 100 });
    await using waiting = lost.start(['stat', '-f', POOL]);
    expect(await waiting.endsWithin(1_000)).toBe(false);

    waiting.abandon();
    await lost.detach(POOL);

    expect(await lost.run(['cat', '/proc/self/mounts'])).not.toContain(POOL);
  });
});
