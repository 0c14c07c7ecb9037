import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type NfsClient } from '../../support/nfs/client.ts';
import { holdLock, isLocked } from '../../support/nfs/locks.ts';
import { connectServerControl, type ServerControl } from '../../support/nfs/server-control.ts';
import { SERVER_DISK, SERVER_EXPORT } from '../../support/nfs/server-guest-places.ts';

const POOL = '/mnt/nfs';

let server: ServerControl;
let client: NfsClient;
beforeAll(async () => {
  server = connectServerControl();
  await server.boot();
  client = await createClient('client-1');
  const address = server.addresses.ipv4;
  await client.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2', 'hard'] });
}, 180_000);
afterAll(async () => {
  await server?.boot();
  await client?.[Symbol.asyncDispose]();
  server?.[Symbol.dispose]();
});

describe('a server in a guest of its own', () => {
  it('serves an xfs with project quotas, and runs its program', async () => {
    await client.run(['touch', `${POOL}/file`]);

    expect(await server.run(['ls', SERVER_EXPORT])).toContain('file\n');
    expect(await server.run(['xfs_quota', '-x', '-c', 'state -p', SERVER_DISK])).toContain('Enforcement: ON');
    expect(await server.run(['ls', '/run/program'])).toBe('/run/program\n');
    await expect(server.run(['cat', '/none'])).rejects.toThrow('No such file or directory');
  });

  it('answers nothing while it is frozen, and goes on when it is thawed', async () => {
    await server.freeze();
    await using waiting = client.start(['stat', '-f', POOL]);
    const hasAnswered = await waiting.endsWithin(2_000);

    await server.thaw();

    expect(hasAnswered).toBe(false);
    expect(await waiting.endsWithin(30_000)).toBe(true);
    expect(await waiting.ended).toMatchObject({ exitCode: 0 });
  });

  it('loses what was not synced with its power; what a client synced, and its mount, outlive that', async () => {
    await client.run(['dd', 'if=/dev/zero', `of=${POOL}/synced`, 'bs=64k', 'count=4', 'conv=fsync']);
    await server.run(['dd', 'if=/dev/zero', `of=${SERVER_EXPORT}/unsynced`, 'bs=64k', 'count=4']);
    await using _lock = await holdLock(client, `${POOL}/lock`);

    await server.cutPower();
    // What is asked for here, the client never knows by itself.
    await using waiting = client.start(['stat', '-f', POOL]);
    const hasAnswered = await waiting.endsWithin(1_000);
    await server.boot();

    expect(hasAnswered).toBe(false);
    expect(await waiting.endsWithin(60_000)).toBe(true);
    expect(await waiting.ended).toMatchObject({ exitCode: 0 });
    expect(await server.run(['stat', '-c', '%s', `${SERVER_EXPORT}/synced`])).toBe('262144\n');
    expect(await server.run(['sh', '-c', `stat -c %s ${SERVER_EXPORT}/unsynced || true`])).not.toBe(
      '262144\n',
    );
    await using other = await createClient('client-2');
    const address = server.addresses.ipv4;
    await other.mount({ address, path: '/pool', mountPoint: POOL, options: ['vers=4.2'] });
    expect(await isLocked(other, `${POOL}/lock`)).toBe(true);
    await other.unmount(POOL);
  }, 180_000);
});
