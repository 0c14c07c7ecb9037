import { open } from 'node:fs/promises';

/** A sign of life of a directory's file system: a new time of the directory, which has reached the disk. Says what the file system says. */
export async function probeDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  const now = new Date();
  await directory.utimes(now, now);
  await directory.sync();
}
