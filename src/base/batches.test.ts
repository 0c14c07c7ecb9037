import { describe, expect, it } from 'vitest';
import { Batches } from './batches.ts';

const { signal } = new AbortController();

/** A place that answers when it is told to, with the question in capitals. */
function createPlace(maximum = 100) {
  const asked: string[][] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const batches = new Batches<string, string>({
    maximum,
    ask: async (questions) => {
      asked.push([...questions]);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      await answer.promise;
      return questions.map((question) => () => {
        if (question === 'bad') throw new Error('a bad question');
        return question.toUpperCase();
      });
    },
  });
  return {
    batches,
    asked,
    /** Lets the batch with this number be answered, or fail. */
    answer: async (index: number, failure?: Error): Promise<void> => {
      if (failure === undefined) answers[index]?.resolve();
      else answers[index]?.reject(failure);
      await new Promise(setImmediate);
    },
  };
}

describe('questions in batches', () => {
  it('one alone is asked at once', async () => {
    const { batches, asked, answer } = createPlace();

    const one = batches.ask('a', signal);
    await Promise.resolve();
    expect(asked).toEqual([['a']]);
    await answer(0);

    expect(await one).toBe('A');
  });

  it('those of one turn go together, and those that come while a batch is under way in the next one', async () => {
    const { batches, asked, answer } = createPlace();

    const first = [batches.ask('a', signal), batches.ask('b', signal)];
    await Promise.resolve();
    const second = [batches.ask('c', signal)];
    await Promise.resolve();
    second.push(batches.ask('d', signal));
    expect(asked).toEqual([['a', 'b']]);
    await answer(0);
    expect(await Promise.all(first)).toEqual(['A', 'B']);
    expect(asked).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await answer(1);

    expect(await Promise.all(second)).toEqual(['C', 'D']);
  });

  it('no batch is larger than it may be', async () => {
    const { batches, asked, answer } = createPlace(2);
    const all = ['a', 'b', 'c'].map((question) => batches.ask(question, signal));
    await Promise.resolve();

    await answer(0);
    await answer(1);

    expect(asked).toEqual([['a', 'b'], ['c']]);
    expect(await Promise.all(all)).toEqual(['A', 'B', 'C']);
  });

  it('one that has no answer fails alone', async () => {
    const { batches, answer } = createPlace();
    const all = Promise.allSettled(['a', 'bad', 'c'].map((question) => batches.ask(question, signal)));
    await Promise.resolve();

    await answer(0);

    expect(await all).toMatchObject([
      { value: 'A' },
      { reason: { message: 'a bad question' } },
      { value: 'C' },
    ]);
  });

  it('a batch that fails does so for all of it, and the next one is asked', async () => {
    const { batches, answer } = createPlace();
    const failing = Promise.allSettled(['a', 'b'].map((question) => batches.ask(question, signal)));
    await Promise.resolve();
    const next = batches.ask('c', signal);

    await answer(0, new Error('nobody there'));
    await answer(1);

    const failed = { reason: { message: 'nobody there' } };
    expect(await failing).toMatchObject([failed, failed]);
    expect(await next).toBe('C');
  });

  it('an answer that is left out is an error', async () => {
    const batches = new Batches<string, string>({ maximum: 9, ask: async () => await Promise.resolve([]) });

    await expect(batches.ask('a', signal)).rejects.toThrow('was not answered');
  });

  it('whoever leaves is not asked for any more', async () => {
    const { batches, asked, answer } = createPlace();
    const caller = new AbortController();
    const first = batches.ask('a', signal);
    await Promise.resolve();
    const all = Promise.allSettled([first, batches.ask('b', caller.signal), batches.ask('c', signal)]);

    caller.abort(new Error('The caller left.'));
    await answer(0);
    await answer(1);

    expect(asked).toEqual([['a'], ['c']]);
    expect(await all).toMatchObject([
      { value: 'A' },
      { reason: { message: 'The caller left.' } },
      { value: 'C' },
    ]);
  });
});
