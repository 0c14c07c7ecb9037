import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFrameConnection, type FrameConnection } from './frames.ts';

const OPTIONS = { maxPayloadBytes: 1024 * 1024, silenceMs: 10_000 };
const KIB = 1024;

describe('frames on a connection', () => {
  const open: Disposable[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });

  /** Two ends of a connection of loopback, as sockets. */
  async function createPair(): Promise<readonly [Socket, Socket]> {
    const server = createServer();
    open.push({ [Symbol.dispose]: () => void server.close() });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const client = connect(address.port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    for (const socket of [client, accepted])
      open.push({ [Symbol.dispose]: () => void socket.on('error', () => undefined).destroy() });
    return [client, accepted];
  }

  async function createConnections(
    options = OPTIONS,
  ): Promise<readonly [FrameConnection, FrameConnection, Socket]> {
    const [one, other] = await createPair();
    return [createFrameConnection(one, options), createFrameConnection(other, options), one];
  }

  it('arrive whole and in their order, whatever their size', async () => {
    const [one, other] = await createConnections();
    const sizes = [0, 1, 5, 70 * KIB, 1024 * KIB, 3];
    const sending = (async () => {
      for (const size of sizes)
        await one.send('P', Buffer.from('head'), Buffer.alloc(Math.max(0, size - 4), size));
      one.end();
    })();

    for (const size of sizes) {
      const frame = await other.receive();
      expect(frame?.type).toBe('P');
      expect(frame?.payload.length).toBe(Math.max(4, size));
      expect(frame?.payload.subarray(4).every((byte) => byte === size % 256)).toBe(true);
      frame?.release();
    }
    expect(await other.receive()).toBeUndefined();
    await sending;
  });

  it('make the sender wait for a reader that is slow', async () => {
    const [one, other] = await createConnections();
    const payload = Buffer.alloc(1024 * KIB);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent += 1) await one.send('P', payload);
    })();
    await other.receive();
    // Nothing moves once all buffers on the way are full.
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = before === sent;
          before = sent;
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);

    expect(sent).toBeLessThan(32);
    for (let received = 1; received < 64; received += 1) (await other.receive())?.release();
    await sending;
    expect(sent).toBe(64);
  });

  it('end with an error when the connection is lost in the middle of one', async () => {
    const [raw, accepted] = await createPair();
    const other = createFrameConnection(accepted, OPTIONS);
    raw.end(Buffer.from([0x50, 0, 0, 0, 9, 1, 2]));

    await expect(other.receive()).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('in the middle of a message'),
    });
  });

  it('are refused when they announce too much, before it is taken', async () => {
    const [raw, accepted] = await createPair();
    const other = createFrameConnection(accepted, OPTIONS);
    raw.write(Buffer.from([0x50, 0xff, 0xff, 0xff, 0xff]));

    await expect(other.receive()).rejects.toMatchObject({
      message: expect.stringContaining('a message of 4294967295 bytes was announced'),
    });
  });

  it('are not waited for for ever', async () => {
    const [, other] = await createConnections({ ...OPTIONS, silenceMs: 50 });

    await expect(other.receive()).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('nothing has moved'),
    });
  });

  it('cannot be sent on a connection that is closed', async () => {
    const [one, other, socket] = await createConnections();
    other[Symbol.dispose]();
    await once(socket, 'close');

    await expect(one.send('P', Buffer.alloc(10))).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });
});
