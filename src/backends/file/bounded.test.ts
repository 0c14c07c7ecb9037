import { describe, expect, it } from 'vitest';
import { startDeadline } from '../../base/deadline.ts';
import { DriverError } from '../../domain/errors.ts';
import { bounded } from './bounded.ts';

const never = new AbortController().signal;
const hang = (): Promise<never> => Promise.withResolvers<never>().promise;

describe('the bound on a call', () => {
  it('is that of its signal, whether the work listens or not', async () => {
    using deadline = startDeadline(never, 5);

    await expect(bounded('Growing volume "v"', deadline.signal, hang)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('Growing volume "v"'),
    });
  });

  it('gives a step that took too long a sentence, too', async () => {
    using step = startDeadline(never, 5);
    const work = (): Promise<never> =>
      new Promise((_, reject) => step.signal.addEventListener('abort', () => reject(step.signal.reason)));

    await expect(bounded('Staging', never, work)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it.each([
    ['a caller that left', new Error('left')],
    ['what the work says itself', new DriverError('VOLUME_IN_USE', 'It is in use.')],
  ])('passes on %s', async (_, error) => {
    await expect(bounded('Staging', never, () => Promise.reject(error))).rejects.toBe(error);
    await expect(bounded('Staging', AbortSignal.abort(error), hang)).rejects.toBe(error);
  });
});
