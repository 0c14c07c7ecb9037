import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { randomId } from '../base/ids.ts';
import { DriverError } from '../domain/errors.ts';
import { isErrno } from './errno.ts';
import { readTextFile, writeFileDurable } from '../base/durable-files.ts';

const MAXIMUM_BYTES = 64 * 1024;
const SUFFIX = '.json';

const FrozenMount = z.object({ mountPoint: z.string(), majorMinor: z.string() });

/** A file system that is, or was about to be, frozen by this program. */
export type FrozenMount = Readonly<z.infer<typeof FrozenMount>>;

export interface FrozenRecord extends FrozenMount {
  /** The file that says so. */
  readonly path: string;
}

/** Write-ahead records of freezes: one file each in `<run directory>/frozen`, which a reboot clears together with the freezes. */
export class FrozenRecords {
  readonly #directory: string;

  constructor(runDirectory: string) {
    this.#directory = join(runDirectory, 'frozen');
  }

  /** Writes a record, durable before the freeze. Throws PRECONDITION_FAILED when it cannot. */
  async add({ mountPoint, majorMinor }: FrozenMount): Promise<FrozenRecord> {
    const path = join(this.#directory, `${randomId(12)}${SUFFIX}`);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFileDurable(path, `${JSON.stringify({ mountPoint, majorMinor })}\n`);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DriverError(
        'PRECONDITION_FAILED',
        `What is frozen is noted in ${this.#directory} before, so that it is thawed whatever happens, and that cannot be written: ${why}. See to it that there is room, and ask again.`,
        { cause },
      );
    }
    return { path, mountPoint, majorMinor };
  }

  /** Removes a record, after the thaw. A missing one is fine. */
  async remove(record: FrozenRecord): Promise<void> {
    await rm(record.path, { force: true });
  }

  /** What an earlier life of this program left. Throws on a file that is no record: somebody has to look. */
  async list(): Promise<readonly FrozenRecord[]> {
    const paths = (await this.#names()).filter((name) => name.endsWith(SUFFIX));
    return await Promise.all(paths.map((name) => readRecord(join(this.#directory, name))));
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

async function readRecord(path: string): Promise<FrozenRecord> {
  const text = await readTextFile(path, { maximumBytes: MAXIMUM_BYTES });
  try {
    return { path, ...FrozenMount.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new Error(
      `The file ${path} should name a frozen file system and does not. Thaw by hand what is frozen (fsfreeze --unfreeze), and remove the file.`,
      { cause },
    );
  }
}
