import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpectedFiles } from './expectations.ts';

/** Content of a file that follows from its name, so that a write needs no more in the journal than a checksum. */
export function makeContent(name: string): Buffer {
  const seed = createHash('sha256').update(name).digest();
  return Buffer.alloc(4096 + seed.readUInt16LE(0) * 4, seed);
}

/** Writes a new file and returns once it and its name are on the disk. */
export async function writeDurably(directory: string, file: string, content: Buffer): Promise<void> {
  for (const [path, flags] of [
    [join(directory, file), 'wx'],
    [directory, 'r'],
  ] as const) {
    await using handle = await open(path, flags);
    if (flags === 'wx') await handle.writeFile(content);
    await handle.sync();
  }
}

export function toSha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What is wrong with the files of a directory, as sentences. */
export async function compareFiles(directory: string, expected: ExpectedFiles): Promise<readonly string[]> {
  const found = new Set((await readdir(directory)).filter((name) => name !== 'lost+found'));
  const faults: string[] = [];
  for (const [file, sha256] of expected.whole) {
    if (!found.delete(file)) faults.push(`${file} was synced and is gone`);
    else if (toSha256(await readFile(join(directory, file))) !== sha256)
      faults.push(`${file} was synced and is not whole`);
  }
  for (const file of found) {
    if (!expected.unknown.has(file)) faults.push(`${file} was never written there`);
  }
  return faults;
}
