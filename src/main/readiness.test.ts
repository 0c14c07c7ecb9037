import { describe, expect, it } from 'vitest';
import { keepLog } from '../../test/support/log-lines.ts';
import { unusable } from '../../test/support/unusable.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import { silentLogger } from '../observability/logger.ts';
import { Readiness, reportControllerReadiness, reportReadiness } from './readiness.ts';

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

  it('says in its log what kept it from starting, unless that was being told to stop', async () => {
    const { logger, lines } = keepLog();
    const failed = Promise.withResolvers<void>();
    failed.reject(new Error('no registry'));
    await new Readiness().track(failed.promise, logger, new AbortController().signal);
    expect(lines.map(({ level }) => level)).toEqual(['error', 'info']);

    const stop = new AbortController();
    const readiness = new Readiness();
    const given = Promise.withResolvers<void>();
    const tracked = readiness.track(given.promise, logger, stop.signal);
    stop.abort(new Error('told to stop'));
    given.reject(stop.signal.reason);
    await tracked;

    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    // Nor is it ready, although its turn to stop has not come yet.
    expect(readiness.isReady).toBe(false);
  });

  it('does not say in its log that it is ready while something keeps it from being of use', async () => {
    const { logger, lines } = keepLog();
    let obstacle: string | undefined = 'No rights.';
    const readiness = new Readiness();
    readiness.watch(() => obstacle);
    readiness.watch(() => undefined);

    await readiness.track(Promise.resolve(), logger);

    expect(lines).toMatchObject([{ level: 'warn', fields: { reasons: ['No rights.'] } }]);
    expect(readiness.listReasons()).toEqual(['No rights.']);
    // Calls are taken: what they answer says what is wrong.
    expect(readiness.isReady).toBe(true);
    obstacle = undefined;
    expect(readiness.listReasons()).toEqual([]);
  });
});

interface ReportOptions {
  readonly isStarted?: boolean;
  readonly obstacles?: readonly string[];
  readonly by?: typeof reportReadiness;
}

describe('what /readyz says', () => {
  const store = unusable<FileStore>('store');

  async function report(
    states: Readonly<Record<string, 'open' | 'away'>>,
    { isStarted = true, obstacles = [], by = reportReadiness }: ReportOptions = {},
  ) {
    const readiness = new Readiness();
    for (const obstacle of obstacles) readiness.watch(() => obstacle);
    if (isStarted) await readiness.track(Promise.resolve(), silentLogger);
    const stores: StoreDirectory = {
      list: () =>
        Object.entries(states).map(([poolName, state]) => ({
          poolName,
          nodeName: 'a',
          poolId: undefined,
          state: state === 'open' ? { store } : { unavailable: 'Its disk\nis gone.' },
        })),
    };
    return by(readiness, [{ driver: 'd', stores }]);
  }

  it('is ready when every pool is open', async () => {
    expect(await report({ fast: 'open', slow: 'open' })).toEqual({ isReady: true, remarks: [] });
  });

  it('is ready on a node that has no pool', async () => {
    expect(await report({})).toEqual({ isReady: true, remarks: [] });
  });

  it('is ready while one is open, and names the others', async () => {
    expect(await report({ fast: 'open', slow: 'away' })).toEqual({
      isReady: true,
      remarks: [expect.stringMatching(/^pool slow is not available: Its disk.*is gone\.$/)],
    });
  });

  it('is not ready when none is open', async () => {
    expect(await report({ fast: 'away', slow: 'away' })).toMatchObject({
      isReady: false,
      remarks: { length: 2 },
    });
  });

  it('is not ready while it starts, whatever the pools are', async () => {
    expect(await report({ fast: 'open' }, { isStarted: false })).toEqual({
      isReady: false,
      remarks: ['the program is starting'],
    });
  });

  it.each([
    ['a machine', reportReadiness],
    ['a controller', reportControllerReadiness],
  ])('is not ready while something keeps %s from being of use, and says what', async (_what, by) => {
    const obstacles = ['It has\nno rights.'];

    expect(await report({ fast: 'open' }, { obstacles, by })).toEqual({
      isReady: false,
      remarks: ['It has no rights.'],
    });
    expect(await report({ fast: 'open' }, { obstacles, by, isStarted: false })).toEqual({
      isReady: false,
      remarks: ['the program is starting', 'It has no rights.'],
    });
  });

  it.each([
    ['a machine', reportReadiness, 'pool fast'],
    ['a controller', reportControllerReadiness, 'pool fast on node a'],
  ])('says of %s whose pool it means where there are several drivers', async (_what, by, pool) => {
    const readiness = new Readiness();
    for (const _driver of ['d1', 'd2']) readiness.watch(() => 'No registry.');
    await readiness.track(Promise.resolve(), silentLogger);
    const toStores = (state: StoreEntry['state']): StoreDirectory => ({
      list: () => [{ poolName: 'fast', nodeName: 'a', poolId: undefined, state }],
    });

    const { remarks } = by(readiness, [
      { driver: 'd1', stores: toStores({ store }) },
      { driver: 'd2', stores: toStores({ unavailable: 'Its server is gone.' }) },
    ]);

    // What both miss is said once.
    expect(remarks).toEqual(['No registry.', `${pool} of driver d2 is not available: Its server is gone.`]);
  });

  it('is ready for a controller whatever its pools are, and names those that are away', async () => {
    expect(await report({ fast: 'away' }, { by: reportControllerReadiness })).toEqual({
      isReady: true,
      remarks: [expect.stringMatching(/^pool fast on node a is not available/)],
    });
  });
});
