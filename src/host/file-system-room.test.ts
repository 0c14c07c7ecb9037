import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createRoomReader } from './file-system-room.ts';

const { signal } = new AbortController();

/** A file system that answers when the test says so. */
function createSlowFileSystem(deadlineMs = 10_000) {
  const questions: PromiseWithResolvers<void>[] = [];
  let freeBlocks = 0;
  const read = createRoomReader('/pool', {
    deadlineMs,
    statfs: async () => {
      const question = Promise.withResolvers<void>();
      questions.push(question);
      const bfree = freeBlocks;
      await question.promise;
      return { bsize: 4096, blocks: 100, bfree, bavail: bfree };
    },
  });
  return {
    read,
    questions,
    answer: () => questions.at(-1)?.resolve(),
    setFree: (blocks: number): void => {
      freeBlocks = blocks;
    },
  };
}

describe('the room of a file system', () => {
  it('is what statfs says, in bytes', async () => {
    const room = await createRoomReader(tmpdir())(signal);
    const { bsize, blocks } = await statfs(tmpdir());

    expect(room.totalBytes).toBe(blocks * bsize);
    expect(room.freeBytes).toBeLessThanOrEqual(room.totalBytes);
    expect(room.availableBytes).toBeLessThanOrEqual(room.freeBytes);
  });

  it('throws what the system says, and the signal’s reason', async () => {
    await expect(createRoomReader('/nowhere/at/all')(signal)).rejects.toMatchObject({ code: 'ENOENT' });
    const stopped = AbortSignal.abort(new Error('stop'));
    await expect(createRoomReader(tmpdir())(stopped)).rejects.toThrow('stop');
  });

  it('is asked for once at a time, however many wait for it and give up', async () => {
    const { read, questions } = createSlowFileSystem();

    for (let polls = 0; polls < 20; polls += 1) {
      await expect(read(AbortSignal.timeout(1))).rejects.toThrow('timeout');
    }

    expect(questions).toHaveLength(1);
  });

  it('is not told from a question that was asked before', async () => {
    const { read, questions, answer, setFree } = createSlowFileSystem();
    const before = read(signal);
    setFree(50);
    const after = [read(signal), read(signal)];

    answer();
    await expect(before).resolves.toMatchObject({ freeBytes: 0 });
    await expect.poll(() => questions).toHaveLength(2);
    answer();

    for (const room of after) await expect(room).resolves.toMatchObject({ freeBytes: 50 * 4096 });
    expect(questions).toHaveLength(2);
  });

  it('is refused, in words, when it does not come, and told when it does', async () => {
    const { read, answer } = createSlowFileSystem(20);

    await expect(read(signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/\/pool .*how much room.*dmesg/),
    });
    answer();
    await new Promise(setImmediate);
    const later = read(signal);
    answer();

    await expect(later).resolves.toMatchObject({ totalBytes: 100 * 4096 });
  });
});
