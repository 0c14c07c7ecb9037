import { z } from 'zod';

const Question = z.object({ question: z.number(), words: z.array(z.string()) });
const Answer = z.object({ answer: z.number(), value: z.string().optional(), error: z.string().optional() });

/** One who asks over a line that carries text both ways. */
export interface Asking {
  /** Resolves with the answer. Rejects with what the other side has thrown, and when it does not answer in time. */
  ask(words: readonly string[], deadlineMs: number): Promise<string>;
  /** To be called with each line that comes; what is no answer is let pass. */
  receive(line: string): void;
}

/** Makes one whose questions leave by `send`. */
export function createAsking(send: (line: string) => void): Asking {
  let count = 0;
  const open = new Map<number, PromiseWithResolvers<string>>();
  return {
    async ask(words, deadlineMs) {
      count += 1;
      const question = count;
      const answer = Promise.withResolvers<string>();
      open.set(question, answer);
      const late = new Error(`${words.join(' ')}: no answer within ${deadlineMs} ms.`);
      const timer = setTimeout(() => answer.reject(late), deadlineMs);
      send(JSON.stringify({ question, words }));
      try {
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        open.delete(question);
      }
    },
    receive(line) {
      const { data } = Answer.safeParse(parseJson(line));
      const waiting = data && open.get(data.answer);
      if (data?.error !== undefined) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data?.value ?? '');
    },
  };
}

/** Answers a line by `send` if it is a question. Never throws: the one who has asked gets the error. */
export async function answerLine(
  line: string,
  answer: (words: readonly string[]) => Promise<string>,
  send: (line: string) => void,
): Promise<void> {
  const { data } = Question.safeParse(parseJson(line));
  if (data === undefined) return;
  try {
    send(JSON.stringify({ answer: data.question, value: await answer(data.words) }));
  } catch (error) {
    send(JSON.stringify({ answer: data.question, error: String(error) }));
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
