import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { findStatd } from './find-statd.ts';

interface PortMapper extends AsyncDisposable {
  readonly port: number;
  /** What it was asked, as words of 32 bits. */
  readonly questions: readonly (readonly number[])[];
}

/** A port mapper on loopback, which answers with these words after the id of the question. */
async function startPortMapper(answer: readonly number[] | undefined): Promise<PortMapper> {
  const socket: Socket = createSocket('udp4');
  const questions: number[][] = [];
  socket.on('message', (question, { port, address }) => {
    const words = Array.from({ length: question.length / 4 }, (_, index) => question.readUInt32BE(index * 4));
    questions.push(words);
    // Somebody else's answer first: it counts for nothing.
    socket.send(toBytes([(words[0] ?? 0) + 1, 1, 0, 0, 0, 0, 4711]), port, address);
    socket.send(toBytes(answer === undefined ? [] : [words[0] ?? 0, ...answer]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    questions,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function toBytes(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4);
  return bytes;
}

/** RFC 5531: an answer that was accepted, without credentials, and successful; then the port. */
const ACCEPTED = [1, 0, 0, 0, 0] as const;

describe('rpc.statd', () => {
  it('is asked for by its program, version and transport (RFC 1833)', async () => {
    await using mapper = await startPortMapper([...ACCEPTED, 51_234]);

    await expect(findStatd('127.0.0.1', mapper.port)).resolves.toBe(true);

    const [question] = mapper.questions;
    expect(question?.slice(1)).toEqual([0, 2, 100_000, 2, 3, 0, 0, 0, 0, 100_024, 1, 17, 0]);
  });

  it.each<[string, readonly number[] | undefined]>([
    ['the port mapper does not have it', [...ACCEPTED, 0]],
    ['the port mapper refuses the question', [1, 1, 0, 0, 0, 51_234]],
    ['the port mapper does not have that procedure', [1, 0, 0, 0, 3, 51_234]],
    ['what comes is no answer', [0, 0, 0, 0, 0, 51_234]],
    ['the answer is cut off', [1, 0]],
    ['what comes is nothing', undefined],
  ])('does not run when %s', async (_, answer) => {
    await using mapper = await startPortMapper(answer);

    await expect(findStatd('127.0.0.1', mapper.port, 50)).resolves.toBe(false);
  });

  it('does not run where there is no port mapper', async () => {
    const mapper = await startPortMapper(undefined);
    await mapper[Symbol.asyncDispose]();

    await expect(findStatd('127.0.0.1', mapper.port)).resolves.toBe(false);
  });
});
