import { link, mkdir, rename, rmdir, utimes } from 'node:fs/promises';

/**
 * The calls by which a store changes what other programs see, of which a repeated one answers something else: a network file system sends a call again when
 * its answer is lost, and a rename that was done the first time then fails with ENOENT, or ENOTEMPTY. Whoever calls these decides by reading what is there,
 * never by the error.
 */
export interface StoreFiles {
  rename(source: string, target: string): Promise<void>;
  /** A second name for a file. EEXIST when there is something: never replaces. */
  link(existing: string, path: string): Promise<void>;
  /** For nobody else (0700). */
  makeDirectory(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  /** Sets the time of modification. */
  touch(path: string, time: Date): Promise<void>;
}

/** The calls of this machine. */
export const nodeFiles: StoreFiles = {
  rename: (source, target) => rename(source, target),
  link: (existing, path) => link(existing, path),
  makeDirectory: (path) => mkdir(path, { mode: 0o700 }),
  removeDirectory: (path) => rmdir(path),
  touch: (path, time) => utimes(path, time, time),
};
