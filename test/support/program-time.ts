import { readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
const NAME = 'faketime/libfaketimeMT.so.1';

/** The clock of a program, which a test sets while it runs. Only what the clock says changes, not the time that passes. */
export interface ProgramTime {
  /** What the program is started with. */
  wrap(program: readonly string[]): readonly string[];
  /** By how much its clock is ahead from now on; negative: behind. */
  set(aheadMs: number): Promise<void>;
}

/** A clock that says the right time at first; it is kept in a file of this name. Throws when the package faketime is not installed. */
export async function createProgramTime(file: string): Promise<ProgramTime> {
  const library = await findLibrary();
  const set = async (aheadMs: number): Promise<void> => {
    // Never half of it: the program reads it all the time.
    await writeFile(`${file}.new`, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1000}\n`);
    await rename(`${file}.new`, file);
  };
  await set(0);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    // Set again in the middle of everything.
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return { wrap: (program) => ['env', ...words, ...program], set };
}

async function findLibrary(): Promise<string> {
  for (const directory of await readdir(LIBRARIES)) {
    const path = join(LIBRARIES, directory, NAME);
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error('The tests of clocks need the package faketime: apt-get install faketime.');
}
