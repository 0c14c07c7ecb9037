import { describe, expect, it } from 'vitest';
import { answerLine, createAsking } from '../support/line-questions.ts';

const WITHIN_MS = 5_000;

/** One who asks, connected to one who answers. */
function connect(answer: (words: readonly string[]) => Promise<string>) {
  const asking = createAsking((line) => void answerLine(line, answer, (said) => asking.receive(said)));
  return asking;
}

describe('questions over a line', () => {
  it('are answered, each by its own answer', async () => {
    const first = Promise.withResolvers<string>();
    const asking = connect(async ([word = '']) => (word === 'first' ? await first.promise : `${word}!`));

    const slow = asking.ask(['first'], WITHIN_MS);

    expect(await asking.ask(['second'], WITHIN_MS)).toBe('second!');
    first.resolve('at last');
    expect(await slow).toBe('at last');
  });

  it('fail with what the other side has thrown', async () => {
    const asking = connect(async () => {
      throw new Error('no server');
    });

    await expect(asking.ask(['boot'], WITHIN_MS)).rejects.toThrow('no server');
  });

  it('fail when nobody answers', async () => {
    const asking = createAsking(() => undefined);

    await expect(asking.ask(['freeze', 'now'], 10)).rejects.toThrow('freeze now: no answer within 10 ms');
  });

  it('let other lines pass', async () => {
    const said: string[] = [];
    const asking = connect(async () => 'yes');

    for (const line of ['serving', '{"answer":99}', '']) asking.receive(line);
    await answerLine(
      'serving',
      async () => 'never',
      (line) => said.push(line),
    );

    expect(await asking.ask(['there?'], WITHIN_MS)).toBe('yes');
    expect(said).toEqual([]);
  });
});
