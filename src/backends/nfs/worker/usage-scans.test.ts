import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { UsageScans } from './usage-scans.ts';

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

describe('scans of trees', () => {
  it('are forgotten when nobody has asked for them for long', async () => {
    const clock = new FakeClock();
    const scans = new UsageScans(async () => await Promise.resolve({ usedBytes: 1, usedInodes: 1 }), clock);
    await scans.get('a', '/a', signal);
    await scans.get('b', '/b', signal);
    clock.advance(HOUR_MS / 2);
    await scans.get('b', '/b', signal);
    clock.advance(HOUR_MS / 2 + 1);

    await scans.get('c', '/c', signal);

    expect(scans.size).toBe(2);
  });

  it('are made again after some minutes, and an older result is given until then', async () => {
    const clock = new FakeClock();
    const second = Promise.withResolvers<{ usedBytes: number; usedInodes: number }>();
    const results = [Promise.resolve({ usedBytes: 1, usedInodes: 1 }), second.promise];
    const scans = new UsageScans(async () => await (results.shift() ?? second.promise), clock);
    await scans.get('a', '/a', signal);
    clock.advance(6 * 60_000);

    expect(await scans.get('a', '/a', signal)).toEqual({ usedBytes: 1, usedInodes: 1 });
    expect(scans.isBusy).toBe(true);
    second.resolve({ usedBytes: 2, usedInodes: 2 });
    await expect.poll(() => scans.isBusy).toBe(false);
    expect(await scans.get('a', '/a', signal)).toEqual({ usedBytes: 2, usedInodes: 2 });
  });
});
