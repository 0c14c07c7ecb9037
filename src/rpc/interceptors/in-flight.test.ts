import { describe, expect, it } from 'vitest';
import type { OperationOptions } from '../../base/operations.ts';
import { Operations } from '../../base/operations.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { Interceptor } from '../interceptor.ts';
import { createGate, startTestServer, whenAborted } from '../server.fixture.ts';
import type { Keys, ServiceKeys } from './in-flight.ts';
import { createInFlightInterceptor } from './in-flight.ts';

const keys: Keys = {
  CreateVolume: (request) => `volume name ${request.name}`,
  DeleteVolume: (request) => `volume ${request.volumeId}`,
  ControllerExpandVolume: (request) => `volume ${request.volumeId}`,
  ControllerGetVolumeHealth: (request) => `volume ${request.volumeId}`,
} satisfies ServiceKeys<ControllerHandlers>;

function inFlight(operations = new Operations(), deadlineMs = 10_000): Interceptor {
  return createInFlightInterceptor({ operations, keys, deadlineMs });
}

describe('in flight', () => {
  it('joins an identical call, whatever the order of its maps', async () => {
    const gate = createGate();
    let made = 0;
    await using test = await startTestServer(
      {
        controller: {
          CreateVolume: async () => {
            made++;
            await gate.pass();
            return { volume: { volumeId: 'v1' } };
          },
        },
      },
      { interceptors: [inFlight()] },
    );

    const first = test.controller.CreateVolume({ name: 'a', parameters: { x: '1', y: '2' } });
    await gate.entered;
    const second = test.controller.CreateVolume({ name: 'a', parameters: { y: '2', x: '1' } });
    // Another key answers meanwhile, and so proves that the second call has arrived.
    await test.controller.DeleteVolume({ volumeId: 'other' }).catch(() => undefined);
    gate.open();

    expect((await first).volume?.volumeId).toBe('v1');
    expect((await second).volume?.volumeId).toBe('v1');
    expect(made).toBe(1);
  });

  it.each([
    ['other parameters', { name: 'a', parameters: { x: '2' } }],
    ['other secrets', { name: 'a', parameters: { x: '1' }, secrets: { key: 'other' } }],
  ])('refuses a call with the same key and %s', async (_what, request) => {
    const gate = createGate();
    await using test = await startTestServer(
      {
        controller: {
          CreateVolume: async () => {
            await gate.pass();
            return {};
          },
        },
      },
      { interceptors: [inFlight()] },
    );
    const first = test.controller.CreateVolume({ name: 'a', parameters: { x: '1' }, secrets: { key: 'k' } });
    await gate.entered;

    await expect(test.controller.CreateVolume(request)).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
      message: 'Another operation on volume name a is under way; call again later.',
    });

    gate.open();
    await first;
  });

  it('refuses another method on the same subject, and lets other subjects pass', async () => {
    const gate = createGate();
    await using test = await startTestServer(
      {
        controller: {
          DeleteVolume: async ({ volumeId }) => {
            if (volumeId === 'v1') await gate.pass();
            return {};
          },
          ControllerExpandVolume: async () => ({}),
          ControllerGetVolumeHealth: async () => ({}),
        },
      },
      { interceptors: [inFlight()] },
    );
    const first = test.controller.DeleteVolume({ volumeId: 'v1' });
    await gate.entered;

    await expect(test.controller.ControllerExpandVolume({ volumeId: 'v1' })).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
    });
    // Its message looks the same as that of DeleteVolume.
    await expect(test.controller.ControllerGetVolumeHealth({ volumeId: 'v1' })).rejects.toMatchObject({
      code: 'OPERATION_PENDING',
    });
    await expect(test.controller.DeleteVolume({ volumeId: 'v2' })).resolves.toEqual({});

    gate.open();
    await first;
  });

  it('goes on when its caller leaves, and the next call gets the result', async () => {
    const gate = createGate();
    let made = 0;
    let aborted = false;
    await using test = await startTestServer(
      {
        controller: {
          CreateVolume: async (_request, { signal }) => {
            made++;
            await gate.pass();
            aborted = signal.aborted;
            return { volume: { volumeId: 'v1' } };
          },
        },
      },
      { interceptors: [inFlight()] },
    );
    const impatient = test.controller.CreateVolume({ name: 'a' }, { deadlineMs: 100 });
    await gate.entered;
    await expect(impatient).rejects.toMatchObject({ details: { status: 'DEADLINE_EXCEEDED' } });

    const patient = test.controller.CreateVolume({ name: 'a' });
    await test.controller.DeleteVolume({ volumeId: 'other' }).catch(() => undefined);
    gate.open();

    expect((await patient).volume?.volumeId).toBe('v1');
    expect({ made, aborted }).toEqual({ made: 1, aborted: false });
  });

  it.each(['CreateVolume', 'GetCapacity'] as const)(
    'bounds the work of %s by its own deadline',
    async (method) => {
      const work = async (_request: unknown, { signal }: { readonly signal: AbortSignal }) => {
        throw await whenAborted(signal);
      };
      await using test = await startTestServer(
        { controller: { CreateVolume: work, GetCapacity: work } },
        { interceptors: [inFlight(new Operations(), 20)] },
      );

      await expect(test.controller[method]({})).rejects.toMatchObject({
        details: { status: 'DEADLINE_EXCEEDED' },
      });
    },
  );

  it('keeps no secret of a request that runs', async () => {
    const fingerprints: string[] = [];
    class Recorded extends Operations {
      override run<T>(options: OperationOptions<T>, signal: AbortSignal): Promise<T> {
        fingerprints.push(options.fingerprint);
        return super.run(options, signal);
      }
    }
    await using test = await startTestServer(
      { controller: { DeleteVolume: async () => ({}) } },
      { interceptors: [inFlight(new Recorded())] },
    );

    await test.controller.DeleteVolume({ volumeId: 'v', secrets: { key: 'hunter2' } });

    expect(fingerprints).toHaveLength(1);
    expect(fingerprints[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });
});
