import { link, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectoryDurable, fsyncDirectory, readTextFile } from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import { randomId } from '../base/ids.ts';

/** `<name>.<version>.json` */
const NAME = /^([a-z0-9-]+)\.([1-9][0-9]{0,14})\.json$/;
const MODE = 0o600;
/** Far more than any entry needs. */
const MAX_BYTES = 64 * 1024;
/** So many names of this form, with those of temporary files, the kernel tells in one piece: glibc asks for 32 KiB. */
const ONE_PIECE = 256;
/** A version may be replaced between being found and being read; so often in a row it is not. */
const MAX_READS = 20;

/** One text with the number of its version. */
export interface VersionedText {
  readonly name: string;
  readonly version: number;
  readonly text: string;
  readonly path: string;
}

/**
 * Texts in a directory that several programs change without locks: each version is a file of its own, which comes into being
 * whole and once, by a hard link. Whoever makes the version after the one that was read has changed the text; everybody else is told to read
 * again. Older versions are removed by whoever made a newer one.
 */
export class VersionedFiles {
  readonly #directory: string;
  readonly #listFiles: (directory: string) => Promise<readonly string[]>;

  /** @param listFiles The names of a directory's files. Default: by readdir(3). */
  constructor(
    directory: string,
    listFiles = async (path: string): Promise<readonly string[]> => await readdir(path),
  ) {
    this.#directory = directory;
    this.#listFiles = listFiles;
  }

  /** The newest version of every text; none when there is no directory. */
  async list(): Promise<readonly VersionedText[]> {
    return await this.#read(() => true);
  }

  async find(name: string): Promise<VersionedText | undefined> {
    return (await this.#read((candidate) => candidate === name)).at(0);
  }

  /**
   * Writes a version, durably. False when somebody else has made this one or a later one. When this fails halfway the version may
   * be there, and may be removed again by whoever writes next.
   */
  async write(name: string, version: number, text: string): Promise<boolean> {
    await ensureDirectoryDurable(this.#directory);
    const path = this.#pathOf(name, version);
    if (!(await linkNewFile(path, text))) return false;
    await fsyncDirectory(this.#directory);
    const versions = (await this.#listNames()).filter((found) => found.name === name);
    const newest = Math.max(...versions.map((found) => found.version));
    if (newest !== version) {
      // Made long after it was decided: what it follows had been replaced, and removed, before.
      await rm(path, { force: true });
      return false;
    }
    const older = versions.filter((found) => found.version < version);
    await Promise.all(older.map((found) => rm(this.#pathOf(name, found.version), { force: true })));
    return true;
  }

  #pathOf(name: string, version: number): string {
    return join(this.#directory, `${name}.${version}.json`);
  }

  async #read(isWanted: (name: string) => boolean): Promise<readonly VersionedText[]> {
    for (let reads = 1; ; reads += 1) {
      try {
        const newest = toNewest((await this.#listNames()).filter(({ name }) => isWanted(name)));
        return await Promise.all(
          newest.map(async ({ name, version }) => {
            const path = this.#pathOf(name, version);
            return { name, version, path, text: await readTextFile(path, { maximumBytes: MAX_BYTES }) };
          }),
        );
      } catch (error) {
        if (!isErrno(error, 'ENOENT') || reads >= MAX_READS) throw error;
      }
    }
  }

  async #listNames(): Promise<readonly { readonly name: string; readonly version: number }[]> {
    const files = await this.#listAllFiles().catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    return files.flatMap((file) => {
      const match = NAME.exec(file);
      return match === null ? [] : [{ name: match[1] ?? '', version: Number(match[2]) }];
    });
  }

  /**
   * A text that is replaced while a long directory is told in pieces can be in none of them: its new version comes into one that was told, and its old
   * one goes from one that was not. By the time of a second listing the new version is there. What is in the first alone is gone, or was missed by the second.
   */
  async #listAllFiles(): Promise<readonly string[]> {
    const files = await this.#listFiles(this.#directory);
    if (files.length <= ONE_PIECE) return files;
    return [...new Set([...files, ...(await this.#listFiles(this.#directory))])];
  }
}

/** Makes a file with its whole content, which is on disk then; its name is so once its directory is. False when there is one already. */
export async function linkNewFile(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomId(8)}.tmp`;
  try {
    await writeSynced(temporary, text);
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', MODE);
  await file.writeFile(text);
  await file.sync();
}

function toNewest<V extends { readonly name: string; readonly version: number }>(
  versions: readonly V[],
): readonly V[] {
  const newest = new Map<string, V>();
  for (const found of versions) {
    if (found.version > (newest.get(found.name)?.version ?? 0)) newest.set(found.name, found);
  }
  return [...newest.values()];
}
