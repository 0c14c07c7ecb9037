import { describe, expect, it } from 'vitest';
import { silentLogger } from '../observability/logger.ts';
import { Readiness } from './readiness.ts';

describe('the program', () => {
  it('is ready once the start has settled, whether well or not', async () => {
    for (const start of [Promise.resolve(), Promise.reject(new Error('no pool'))]) {
      const readiness = new Readiness();
      expect(readiness.isReady).toBe(false);
      expect(readiness.listReasons()).toEqual(['the program is starting']);

      await readiness.track(start, silentLogger);

      expect(readiness.isReady).toBe(true);
      expect(readiness.listReasons()).toEqual([]);
    }
  });

  it('is not ready any more once it stops, even when the start settles later', async () => {
    const readiness = new Readiness();
    const start = Promise.withResolvers<void>();
    const tracked = readiness.track(start.promise, silentLogger);

    readiness.stop();
    start.resolve();
    await tracked;

    expect(readiness.listReasons()).toEqual(['the program is stopping']);
  });
});
