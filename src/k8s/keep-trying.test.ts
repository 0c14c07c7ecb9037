import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { DriverError } from '../domain/errors.ts';
import { Trouble } from '../observability/trouble.ts';
import { keepTrying } from './keep-trying.ts';

/** Work that fails by each of these in turn, and then is done. */
function createScene(...failures: readonly Error[]) {
  const clock = new FakeClock();
  const { logger, say } = keepLog();
  const trouble = new Trouble(logger);
  const stop = new AbortController();
  const left = [...failures];
  const work = async (): Promise<string> => {
    await Promise.resolve();
    const failure = left.shift();
    if (failure !== undefined) throw failure;
    return 'done';
  };
  const trying = keepTrying(work, { message: 'Not yet', trouble, clock }, stop.signal);
  return { clock, say, trouble, stop, trying };
}

const refusal = new DriverError('PERMISSION_DENIED', 'No rights.');
const foreign = new DriverError('PRECONDITION_FAILED', 'It is of somebody else.');
const away = new DriverError('CLUSTER_UNAVAILABLE', 'It is away.');

describe('what the API refuses for now', () => {
  it('is tried every five seconds until it is done, and each reason is said once', async () => {
    const { clock, say, trouble, trying } = createScene(away, refusal, refusal, foreign);

    for (let attempts = 0; attempts < 4; attempts += 1) {
      await clock.whenSleeping();
      expect(trouble.sentence).toBeDefined();
      clock.advance(5_000);
    }

    await expect(trying).resolves.toBe('done');
    expect(trouble.sentence).toBeUndefined();
    expect(say()).toEqual([
      'warn Not yet: It is away.',
      'warn Not yet: No rights.',
      'warn Not yet: It is of somebody else.',
      'info What was refused by Kubernetes can be done again',
    ]);
  });

  it('is given up at once when it is a defect', async () => {
    const { trying } = createScene(new TypeError('x is not a function'));

    await expect(trying).rejects.toThrow(TypeError);
  });

  it('is given up when the program stops', async () => {
    const { clock, stop, trying } = createScene(refusal);
    await clock.whenSleeping();

    stop.abort(new Error('It stops.'));

    await expect(trying).rejects.toThrow('It stops.');
  });
});
