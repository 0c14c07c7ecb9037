import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { Jobs } from '../jobs.ts';
import type { SourceContent } from '../layouts/layout.ts';
import { type Cut, type CutOptions, Cuts } from './cuts.ts';

const MINUTE_MS = 60_000;
const { signal } = new AbortController();

/** Moves time on, and lets whoever slept do what they slept for. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

function createScene() {
  const clock = new FakeClock();
  const cuts = new Cuts({ jobs: new Jobs({ answerWithinMs: 60_000, clock }), clock });
  const log: string[] = [];
  const content: SourceContent = {
    kind: 'volume',
    id: 'v',
    family: 'v',
    path: '/nowhere',
    capacityBytes: 1,
    kept: { layout: 'directory', quota: 'none' },
  };
  const options = (words = 'one'): CutOptions => ({
    words: [words],
    subject: 'cut of volume v',
    async make() {
      await Promise.resolve();
      const tag = `${words}-${log.length}`;
      log.push(`made ${tag}`);
      const cut: Cut = {
        tag,
        content,
        usedBytes: 1,
        [Symbol.asyncDispose]: () => Promise.resolve(void log.push(`removed ${tag}`)),
      };
      return cut;
    },
  });
  return { clock, cuts, log, options };
}

describe('the cut of a volume', () => {
  it('is the same for whoever asks in the same words, and another one for others', async () => {
    const { cuts, options } = createScene();

    const [first, second] = await Promise.all([cuts.hold(options(), signal), cuts.hold(options(), signal)]);
    const other = await cuts.hold(options('two'), signal);

    expect(second.cut).toBe(first.cut);
    expect(other.cut).not.toBe(first.cut);
  });

  it('is kept for a reader that comes back, and removed when none does', async () => {
    const { clock, cuts, log, options } = createScene();
    (await cuts.hold(options(), signal))[Symbol.dispose]();
    await pass(clock, 14 * MINUTE_MS);
    const again = await cuts.hold(options(), signal);
    // As long as it is read, however long that is.
    await pass(clock, 600 * MINUTE_MS);
    again[Symbol.dispose]();
    await pass(clock, 14 * MINUTE_MS);
    expect(log).toEqual(['made one-0']);

    await pass(clock, MINUTE_MS);

    expect(log).toEqual(['made one-0', 'removed one-0']);
    expect((await cuts.hold(options(), signal)).cut.tag).toBe('one-2');
  });

  it('is removed soon when all of it was read', async () => {
    const { clock, cuts, log, options } = createScene();
    const held = await cuts.hold(options(), signal);
    held.markRead();
    held[Symbol.dispose]();

    await pass(clock, MINUTE_MS);

    expect(log).toEqual(['made one-0', 'removed one-0']);
  });

  it('goes with its volume when nobody reads it, and else with its last reader', async () => {
    const { cuts, log, options } = createScene();
    (await cuts.hold(options(), signal))[Symbol.dispose]();
    const [first, second] = [
      await cuts.hold(options('two'), signal),
      await cuts.hold(options('two'), signal),
    ];

    cuts.forget('another');
    cuts.forget('v');
    expect(log.slice(2)).toEqual(['removed one-0']);
    first[Symbol.dispose]();
    expect(log.slice(2)).toEqual(['removed one-0']);
    second[Symbol.dispose]();

    expect(log.slice(2)).toEqual(['removed one-0', 'removed two-1']);
  });

  it('is removed with all the others when the store is closed', async () => {
    const { cuts, log, options } = createScene();
    await cuts.hold(options(), signal);
    (await cuts.hold(options('two'), signal))[Symbol.dispose]();

    await cuts.close();

    expect(log.slice(2).sort()).toEqual(['removed one-0', 'removed two-1']);
  });
});
