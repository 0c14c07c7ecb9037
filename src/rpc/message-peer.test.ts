import { describe, expect, it } from 'vitest';
import { DriverError } from '../domain/errors.ts';
import { isErrno } from '../base/errno.ts';
import { createMessageChannels } from '../../test/support/message-channels.ts';
import { MessagePeer, type Verb } from './message-peer.ts';

const never = new AbortController().signal;

type Calc = {
  readonly add: Verb<readonly number[], number>;
  readonly wait: Verb<undefined, string>;
  readonly fail: Verb<string, never>;
};

function createPair() {
  const channels = createMessageChannels();
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  const ours: Calc = {
    add: async (numbers) => await Promise.resolve(numbers.reduce((sum, each) => sum + each, 0)),
    wait: async (_argument, signal) => {
      begun.resolve();
      const { promise, reject } = Promise.withResolvers<string>();
      signal.addEventListener('abort', () => {
        cancelled.resolve(signal.reason);
        reject(signal.reason as Error);
      });
      return await promise;
    },
    fail: async (kind) => {
      await Promise.resolve();
      if (kind === 'driver') throw new DriverError('NO_ROOM', 'Full.', { details: { pool: 'a' } });
      throw Object.assign(new Error('stale'), { code: 'ESTALE', errno: -116 });
    },
  };
  const server = new MessagePeer(channels.other, ours, 'The caller is gone.');
  const client = new MessagePeer<Calc>(channels.one, {}, 'The worker is gone: ask again.');
  return { channels, server, client, begun: begun.promise, cancelled: cancelled.promise };
}

describe('two processes that call each other', () => {
  it('get what the verb gives back', async () => {
    const { client } = createPair();

    await expect(client.call('add', [1, 2, 3], never)).resolves.toBe(6);
    expect(client.pending).toBe(0);
  });

  it('get errors as they were', async () => {
    const { client } = createPair();

    await expect(client.call('fail', 'driver', never)).rejects.toMatchObject({
      name: 'DriverError',
      code: 'NO_ROOM',
      message: 'Full.',
      details: { pool: 'a' },
    });
    const system = await client.call('fail', 'system', never).catch((error: unknown) => error);
    expect(isErrno(system, 'ESTALE')).toBe(true);
  });

  it('tell the other end when nobody waits any more', async () => {
    const { client, begun, cancelled } = createPair();
    const leaving = new AbortController();
    const call = client.call('wait', undefined, leaving.signal);
    await begun;

    leaving.abort(new Error('enough'));

    await expect(call).rejects.toThrow('enough');
    await expect(cancelled).resolves.toBeInstanceOf(Error);
    expect(client.pending).toBe(0);
  });

  it('fail what waits, and everything after, when the channel closes', async () => {
    const { channels, client, begun, cancelled } = createPair();
    const call = client.call('wait', undefined, never);
    await begun;

    channels.close();

    await expect(call).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: 'The worker is gone: ask again.',
    });
    await expect(client.call('add', [], never)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await expect(cancelled).resolves.toMatchObject({ message: 'The caller is gone.' });
  });

  it('refuse a verb that the other end does not have', async () => {
    const channels = createMessageChannels();
    const server = new MessagePeer(channels.other, {}, 'gone');
    const client = new MessagePeer<{ readonly toString: Verb<undefined, string> }>(channels.one, {}, 'gone');

    expect(server.pending).toBe(0);
    await expect(client.call('toString', undefined, never)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('do not take what cannot be sent for a call that waits', async () => {
    const { client } = createPair();
    const unsendable = [1, (() => 2) as unknown as number];

    await expect(client.call('add', unsendable, never)).rejects.toMatchObject({ name: 'DataCloneError' });
    expect(client.pending).toBe(0);
  });

  it('do nothing for an end that they have given up', async () => {
    const channels = createMessageChannels();
    const asked: string[] = [];
    const verbs = { tell: async (what: string) => void (await Promise.resolve(asked.push(what))) };
    const parent = new MessagePeer(channels.one, verbs, 'gone');
    const worker = new MessagePeer<{ readonly tell: Verb<string, void> }>(channels.other, {}, 'gone');
    await worker.call('tell', 'before', never);

    parent.close(new DriverError('POOL_UNAVAILABLE', 'It was killed.'));
    const late = worker.call('tell', 'after', never);
    await new Promise(setImmediate);

    channels.close();
    await expect(late).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(asked).toEqual(['before']);
  });
});
