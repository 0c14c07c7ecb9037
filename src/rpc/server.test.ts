import { lstat, mkdir, mkdtempDisposable, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../observability/logger.ts';
import { createClient } from './client.ts';
import { loadCsiServiceTypes } from './proto.ts';
import { createGate, createTestServices, startTestServer, whenAborted } from './server.fixture.ts';
import { startRpcServer } from './server.ts';
import type { BoundSocket } from './unix-socket.ts';
import { bindSocket } from './unix-socket.ts';

const services = createTestServices({ identity: { Probe: async () => ({}) } });

async function startAt(...paths: readonly string[]) {
  return await startRpcServer({
    sockets: paths.map((path) => ({ path, driver: 'd', services })),
    interceptors: [],
    access: { mode: '0600' },
    logger: silentLogger,
  });
}

/** Leaves a socket behind as a killed process does: bound, linked, nobody listening. */
async function leaveStaleSocket(path: string): Promise<BoundSocket> {
  const server = createServer();
  const socket = await bindSocket(path, { mode: '0600' }, (temporary) => {
    return new Promise((resolve) => {
      server.listen(temporary, resolve);
    });
  });
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return socket;
}

describe('sockets', () => {
  it('belong to their user alone unless told otherwise, in a directory that is made', async () => {
    await using test = await startTestServer({});

    expect((await stat(test.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(test.path))).toEqual(['csi.sock']);
  });

  it('take the mode and owner of the configuration', async () => {
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    await using test = await startTestServer({}, { access: { mode: '0660', uid, gid } });

    const found = await stat(test.path);

    expect(found.mode & 0o777).toBe(0o660);
    expect([found.uid, found.gid]).toEqual([uid, gid]);
  });

  it('are several, each with its own services', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    const [identity, controller] = createTestServices({ identity: { Probe: async () => ({}) } });
    if (identity === undefined || controller === undefined) throw new Error('there are two test services');
    const server = await startRpcServer({
      sockets: [
        { path: join(directory.path, 'a.sock'), driver: 'd', services: [identity] },
        { path: join(directory.path, 'b.sock'), driver: 'd', services: [controller] },
      ],
      interceptors: [],
      access: { mode: '0600' },
      logger: silentLogger,
    });
    const { Identity } = loadCsiServiceTypes();
    using onA = createClient(Identity, `unix://${directory.path}/a.sock`);
    using onB = createClient(Identity, `unix://${directory.path}/b.sock`);

    await expect(onA.Probe({})).resolves.toBeDefined();
    await expect(onB.Probe({})).rejects.toMatchObject({ details: { status: 'UNIMPLEMENTED' } });

    await server.stop(1000);
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('replace what a killed process left', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    const path = join(directory.path, 'csi.sock');
    await leaveStaleSocket(path);
    expect((await lstat(path)).isSocket()).toBe(true);

    const server = await startAt(path);

    using client = createClient(loadCsiServiceTypes().Identity, `unix://${path}`);
    await expect(client.Probe({})).resolves.toBeDefined();
    await server.stop(1000);
  });

  it('are made again after a start that was killed half-way', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    await mkdir(join(directory.path, '.csi.sock.new'));
    await writeFile(join(directory.path, '.csi.sock.new', 's'), '');

    const server = await startAt(join(directory.path, 'csi.sock'));

    expect(await readdir(directory.path)).toEqual(['csi.sock']);
    await server.stop(1000);
  });

  it('say where they cannot be made', async () => {
    await expect(startAt('/proc/csi.sock')).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('Cannot listen on /proc/csi.sock: '),
    });
  });

  it('are not taken from a process that listens, which goes on', async () => {
    await using test = await startTestServer({ identity: { Probe: async () => ({}) } });

    await expect(startAt(test.path)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/^Another process listens on .*csi\.sock: stop it/),
    });

    await expect(test.identity.Probe({})).resolves.toBeDefined();
    expect(await readdir(dirname(test.path))).toEqual(['csi.sock']);
  });

  it('do not replace a file that is no socket', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    const path = join(directory.path, 'csi.sock');
    await writeFile(path, 'precious');

    await expect(startAt(path)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('is no socket'),
    });
  });

  it('are all there or none', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    const [first, second] = [join(directory.path, 'a.sock'), join(directory.path, 'b.sock')];
    await writeFile(second, 'in the way');

    await expect(startAt(first, second)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(await readdir(directory.path)).toEqual(['b.sock']);
  });

  it('have a path that fits, or an error that says so', async () => {
    await expect(startAt(`/tmp/${'x'.repeat(120)}/csi.sock`)).rejects.toThrow('is too long');
  });
});

describe('stopping', () => {
  it('lets a call under way end, refuses new ones, and removes the socket', async () => {
    const gate = createGate();
    await using test = await startTestServer({
      identity: {
        Probe: async () => {
          await gate.pass();
          return { ready: { value: true } };
        },
      },
    });
    const underWay = test.identity.Probe({});
    await gate.entered;

    const stopped = test.server.stop(10_000);
    const refused = test.controller.ListVolumes({});

    await expect(refused).rejects.toMatchObject({ details: { status: 'UNAVAILABLE' } });
    gate.open();
    await expect(underWay).resolves.toEqual({ ready: { value: true } });
    await stopped;
    expect(await readdir(dirname(test.path))).toEqual([]);
  });

  it('cuts off what does not end within the deadline, and aborts its signal', async () => {
    const gate = createGate();
    const reason = Promise.withResolvers<unknown>();
    await using test = await startTestServer({
      identity: {
        Probe: async (_request, { signal }) => {
          void gate.pass();
          reason.resolve(await whenAborted(signal));
          throw signal.reason;
        },
      },
    });
    const underWay = test.identity.Probe({}).catch((error: unknown) => error);
    await gate.entered;

    await test.server.stop(20);

    await expect(underWay).resolves.toMatchObject({ name: 'DriverError' });
    await expect(reason.promise).resolves.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(dirname(test.path))).toEqual([]);
  });

  it('is the same when it is asked for twice', async () => {
    await using test = await startTestServer({});

    await Promise.all([test.server.stop(1000), test.server.stop(1000)]);

    expect(await readdir(dirname(test.path))).toEqual([]);
  });

  it('leaves the socket of a successor alone', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-'));
    const path = join(directory.path, 'csi.sock');
    const predecessor = await leaveStaleSocket(path);
    const successor = await startAt(path);

    await predecessor.remove();

    expect((await lstat(path)).isSocket()).toBe(true);
    await successor.stop(1000);
  });
});
