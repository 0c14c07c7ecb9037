import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { type JobHandle, Jobs } from './jobs.ts';

const signal = AbortSignal.timeout(10_000);
const PENDING = { code: 'OPERATION_PENDING' };

function createJobs(answerWithinMs = 5): Jobs {
  return new Jobs({ answerWithinMs, clock: systemClock });
}

const job = <T>(work: () => Promise<T>, fingerprint = 'same') => ({
  key: 'volumes/x',
  fingerprint,
  subject: 'volume "x"',
  work,
});

describe('a job', () => {
  it('that is quick answers with its result', async () => {
    expect(
      await createJobs(5_000).run(
        job(async () => 'done'),
        signal,
      ),
    ).toBe('done');
  });

  it('that is slow answers with its progress, goes on, and is joined', async () => {
    const jobs = createJobs();
    const gate = Promise.withResolvers<string>();
    let starts = 0;
    const slow = {
      ...job(async () => ''),
      work: async (handle: JobHandle) => {
        starts += 1;
        handle.report(42, 100);
        return await gate.promise;
      },
    };

    await expect(jobs.run(slow, signal)).rejects.toMatchObject({
      ...PENDING,
      message: expect.stringContaining('42 %'),
    });
    await expect(jobs.run(slow, signal)).rejects.toMatchObject(PENDING);
    gate.resolve('copied');
    expect(await jobs.run(slow, signal)).toBe('copied');
    expect(starts).toBe(1);
  });

  it('keeps another request for its target out', async () => {
    const jobs = createJobs();
    const gate = Promise.withResolvers<void>();
    const first = jobs
      .run(
        job(() => gate.promise),
        signal,
      )
      .catch((error: unknown) => error);

    await expect(
      jobs.run(
        job(async () => undefined, 'other'),
        signal,
      ),
    ).rejects.toMatchObject({
      ...PENDING,
      message: expect.stringContaining('something else'),
    });
    gate.resolve();
    await first;
  });

  it('that fails after its callers left tells the next one, once', async () => {
    const jobs = createJobs();
    const gate = Promise.withResolvers<string>();
    await expect(
      jobs.run(
        job(() => gate.promise),
        signal,
      ),
    ).rejects.toMatchObject(PENDING);
    gate.reject(new Error('the disk broke'));
    await expect.poll(() => jobs.size).toBe(0);

    await expect(
      jobs.run(
        job(async () => 'again'),
        signal,
      ),
    ).rejects.toThrow('the disk broke');
    expect(
      await jobs.run(
        job(async () => 'again'),
        signal,
      ),
    ).toBe('again');
  });

  it('that fails while a caller waits tells that one only', async () => {
    const jobs = createJobs(5_000);
    const fails = job(async () => {
      throw new Error('no');
    });

    await expect(jobs.run(fails, signal)).rejects.toThrow('no');
    expect(
      await jobs.run(
        job(async () => 'fine'),
        signal,
      ),
    ).toBe('fine');
  });

  it('ends when the jobs are stopped', async () => {
    const jobs = createJobs();
    const waits = {
      ...job(async () => undefined),
      work: async (handle: { readonly signal: AbortSignal }) => {
        await systemClock.sleep(3_600_000, handle.signal);
      },
    };
    await expect(jobs.run(waits, signal)).rejects.toMatchObject(PENDING);

    await jobs.stop();
    expect(jobs.size).toBe(0);
  });
});
