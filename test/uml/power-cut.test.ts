import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipsRootTests } from '../support/scratch.ts';
import { createPowerCutSession, type CutReport, type PowerCutSession } from './power-cut/session.ts';

/**
 * POWER_CUTS=100 for more than ten; POWER_CUT_SEED=… to have the same ones again; POWER_CUT_WITHOUT_SYNC=1 to see that the suite
 * fails when the server does not sync.
 */
const CUTS = Number(process.env['POWER_CUTS'] ?? 10);
const SEED = Number(process.env['POWER_CUT_SEED'] ?? Date.now() % 1_000_000);

/**
 * One machine, whose power goes again and again while its driver works: on an xfs with project quotas, on a plain ext4, and on an xfs in a file,
 * with directories and images. What it answered is known from a journal that lies outside of it.
 */
describe.skipIf(skipsRootTests())(`a machine that loses its power (POWER_CUT_SEED=${SEED})`, () => {
  let session: PowerCutSession;
  let isBroken = false;
  beforeAll(async () => {
    session = await createPowerCutSession({
      seed: SEED,
      isWithoutSync: process.env['POWER_CUT_WITHOUT_SYNC'] === '1',
    });
  });
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
  });

  /** What is wrong once stays so: later cuts would only say it again. */
  async function examine(work: () => Promise<CutReport>): Promise<string> {
    if (isBroken) return 'not tried, since an earlier cut has failed';
    isBroken = true;
    const { moments, faults } = await work();
    isBroken = faults.length > 0;
    return faults.map((fault) => `power went ${moments.join(', and ')}: ${fault}`).join('\n');
  }

  it.each(Array.from({ length: CUTS }, (_, index) => index + 1))(
    'has everything that it answered, whole, and nothing else, after cut %i',
    async (number) => {
      expect(await examine(() => session.cut(number))).toBe('');
    },
  );

  it('can remove everything in the end, and has nothing left', async () => {
    expect(await examine(() => session.finish())).toBe('');
  });
});
