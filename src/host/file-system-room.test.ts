import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readFileSystemRoom } from './file-system-room.ts';

describe('the room of a file system', () => {
  it('is some bytes, and no more is free than there is', async () => {
    const room = await readFileSystemRoom(tmpdir(), new AbortController().signal);

    expect(room.totalBytes).toBeGreaterThan(0);
    expect(room.freeBytes).toBeLessThanOrEqual(room.totalBytes);
    expect(room.availableBytes).toBeLessThanOrEqual(room.freeBytes);
  });

  it('of a path that is not there is an error, and is not waited for after an abort', async () => {
    const gone = readFileSystemRoom('/nowhere/at/all', new AbortController().signal);

    await expect(gone).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readFileSystemRoom(tmpdir(), AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});
