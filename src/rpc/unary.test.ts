import { describe, expect, it } from 'vitest';
import { DriverError } from '../domain/errors.ts';
import { createGate, startTestServer, whenAborted } from './server.fixture.ts';

describe('a unary call', () => {
  it('carries the request in and the response out, 64-bit integers as strings', async () => {
    await using test = await startTestServer({
      controller: {
        CreateVolume: async (request) => ({
          volume: {
            volumeId: `id of ${request.name}`,
            capacityBytes: request.capacityRange?.requiredBytes ?? '0',
          },
        }),
      },
    });

    const { volume } = await test.controller.CreateVolume({
      name: 'pvc-1',
      capacityRange: { requiredBytes: '9007199254740993' },
    });

    expect(volume).toMatchObject({ volumeId: 'id of pvc-1', capacityBytes: '9007199254740993' });
  });

  it('answers a DriverError with its code and sentence, and no metadata', async () => {
    await using test = await startTestServer({
      controller: {
        DeleteVolume: () => Promise.reject(new DriverError('VOLUME_IN_USE', 'Volume v is mounted.')),
      },
    });

    await expect(test.controller.DeleteVolume({ volumeId: 'v' })).rejects.toMatchObject({
      name: 'DriverError',
      message: 'Volume v is mounted.',
      details: { status: 'FAILED_PRECONDITION' },
      cause: { details: 'Volume v is mounted.' },
    });
    const error: unknown = await test.controller.DeleteVolume({ volumeId: 'v' }).catch((caught) => caught);
    const { metadata } = (error as { cause: { metadata: { getMap(): object } } }).cause;
    expect(Object.keys(metadata.getMap())).not.toContain('grpc-status-details-bin');
  });

  it.each<[string, () => Promise<never>]>([
    ['rejects', () => Promise.reject(new Error('inner workings'))],
    [
      'throws before it returns a promise',
      () => {
        throw new Error('inner workings');
      },
    ],
    [
      'rejects after an await',
      async () => {
        await Promise.resolve();
        throw new TypeError('inner workings');
      },
    ],
  ])('answers INTERNAL at once when the handler %s', async (_what, Probe) => {
    await using test = await startTestServer({ identity: { Probe } });

    await expect(test.identity.Probe({})).rejects.toMatchObject({
      message: 'The driver failed unexpectedly; its log tells more.',
      details: { status: 'INTERNAL' },
    });
  });

  it('survives a message that HTTP/2 could not carry', async () => {
    await using test = await startTestServer({
      identity: {
        Probe: () => Promise.reject(new DriverError('NO_ROOM', `\0 \ud800 ö ${'😀'.repeat(20_000)}`)),
      },
    });

    await expect(test.identity.Probe({})).rejects.toMatchObject({
      details: { status: 'RESOURCE_EXHAUSTED' },
    });
  });

  it('answers UNIMPLEMENTED with a sentence for a method that is not offered', async () => {
    await using test = await startTestServer({});

    await expect(test.controller.ControllerPublishVolume({})).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'ControllerPublishVolume is not offered by test.stowage.dev; its capabilities say what is.',
    });
  });

  it('aborts the signal when the caller cancels', async () => {
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
    const caller = new AbortController();
    const answer = test.identity.Probe({}, { signal: caller.signal });
    await gate.entered;

    caller.abort(new Error('changed my mind'));

    await expect(answer).rejects.toThrow('changed my mind');
    await expect(reason.promise).resolves.toMatchObject({ code: 'CANCELLED' });
  });

  it('aborts the signal when the deadline of the caller passes', async () => {
    const reason = Promise.withResolvers<unknown>();
    await using test = await startTestServer({
      identity: {
        Probe: async (_request, { signal }) => {
          reason.resolve(await whenAborted(signal));
          throw signal.reason;
        },
      },
    });

    const answer = test.identity.Probe({}, { deadlineMs: 50 });

    await expect(answer).rejects.toMatchObject({ details: { status: 'DEADLINE_EXCEEDED' } });
    await expect(reason.promise).resolves.toBeInstanceOf(DriverError);
  });

  it('does not call when the caller has given up already', async () => {
    await using test = await startTestServer({ identity: { Probe: async () => ({}) } });

    const answer = test.identity.Probe({}, { signal: AbortSignal.abort(new Error('before')) });

    await expect(answer).rejects.toThrow('before');
  });

  it('is UNAVAILABLE for the client when nobody listens', async () => {
    await using test = await startTestServer({ identity: { Probe: async () => ({}) } });
    await test.server.stop(0);

    await expect(test.identity.Probe({})).rejects.toMatchObject({ details: { status: 'UNAVAILABLE' } });
  });
});
