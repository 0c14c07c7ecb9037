import { describe, expect, it } from 'vitest';
import { type FakeHalves, startFakeServer } from '../support/csi-fake-server.ts';

const MOUNT = { mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } } as const;

/** Halves whose createVolume waits, once it has said that it was entered, until it is let go. */
function createGate() {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let calls = 0;
  const adapt = ({ controller, node }: FakeHalves): FakeHalves => ({
    node,
    controller: {
      ...controller,
      async createVolume(options, signal) {
        if (options.name === 'slow') {
          calls += 1;
          entered.resolve();
          await release.promise;
        }
        return await controller.createVolume(options, signal);
      },
    },
  });
  return { adapt, entered: entered.promise, release: () => release.resolve(), countCalls: () => calls };
}

describe('calls at the same time', () => {
  it('are one call when they ask for the same', async () => {
    const gate = createGate();
    await using server = await startFakeServer({ adapt: gate.adapt });
    const create = () =>
      server.clients.controller.CreateVolume({ name: 'slow', volumeCapabilities: [MOUNT] });

    const first = create();
    await gate.entered;
    const second = create();
    // The server takes calls of one connection in order: once this one is answered, the second has arrived.
    await server.clients.controller.ListVolumes({});
    gate.release();

    expect(await second).toEqual(await first);
    expect(gate.countCalls()).toBe(1);
  });

  it('are pending when they ask for something else under the name, and free under another', async () => {
    const gate = createGate();
    await using server = await startFakeServer({ adapt: gate.adapt });
    const { controller } = server.clients;
    const first = controller.CreateVolume({ name: 'slow', volumeCapabilities: [MOUNT] });
    await gate.entered;

    const different = controller.CreateVolume({
      name: 'slow',
      volumeCapabilities: [MOUNT],
      capacityRange: { requiredBytes: 1 },
    });
    const other = controller.CreateVolume({ name: 'other', volumeCapabilities: [MOUNT] });

    await expect(different).rejects.toMatchObject({
      details: { status: 'ABORTED' },
      message: expect.stringContaining('slow'),
    });
    await expect(other).resolves.toBeDefined();
    gate.release();
    await first;
  });

  it('that are malformed are told so, whatever is under way', async () => {
    const gate = createGate();
    await using server = await startFakeServer({ adapt: gate.adapt });
    const { controller } = server.clients;
    const first = controller.CreateVolume({ name: 'slow', volumeCapabilities: [MOUNT] });
    await gate.entered;

    await expect(controller.CreateVolume({ name: 'slow' })).rejects.toMatchObject({
      details: { status: 'INVALID_ARGUMENT' },
    });
    gate.release();
    await first;
  });
});
