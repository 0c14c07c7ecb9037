import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { UsageMeter } from './usage-meter.ts';

const signal = AbortSignal.timeout(10_000);

/** A meter over volumes of 100 bytes each, in a time that stands still until it is moved. */
function createMeter(measure: (id: string) => Promise<number>): { meter: UsageMeter; clock: FakeClock } {
  const clock = new FakeClock();
  const list = async () =>
    ['a', 'b'].map((id) => ({
      id,
      family: id,
      promisedBytes: 100,
      measure: async () => ({ usedBytes: await measure(id), exclusiveBytes: 0 }),
    }));
  return { meter: new UsageMeter({ list, clock, signal }), clock };
}

describe('the usage meter', () => {
  it('does not count what is removed while it is read', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<number>();
    const { meter } = createMeter(async (id) => {
      if (id === 'b') return 10;
      asked.resolve();
      return await answer.promise;
    });
    const read = meter.ensureRead(0, signal);
    await asked.promise;

    meter.forget('a');
    answer.resolve(50);
    await read;

    expect(meter.usedBytes).toBe(10);
  });

  it('takes what cannot be measured for empty', async () => {
    const { meter } = createMeter(async (id) => {
      if (id === 'a') throw new Error('damaged');
      return 10;
    });

    await meter.ensureRead(0, signal);

    expect(meter.usedBytes).toBe(10);
  });

  it('reads again in the background what is getting old, and lets nobody wait before it is too old', async () => {
    let readings = 0;
    const { meter, clock } = createMeter(async () => {
      readings += 1;
      return readings;
    });
    await meter.ensureRead(60, signal);
    clock.advance(30);

    meter.refresh(20);
    await meter.ensureRead(60, signal);
    expect(meter.usedBytes).toBe(3);
    await meter.ensureRead(20, signal);

    expect(meter.usedBytes).toBe(7);
  });

  it('does not take an old reading for fresh when the clock is set back', async () => {
    let readings = 0;
    const { meter, clock } = createMeter(async () => {
      readings += 1;
      return readings;
    });
    await meter.ensureRead(60, signal);
    clock.set(-3_600_000);
    clock.advance(61);

    await meter.ensureRead(60, signal);

    expect(meter.usedBytes).toBe(7);
  });
});
