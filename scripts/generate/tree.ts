import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** What a generator made: texts by path from the repository's root. */
export interface GeneratedTree {
  readonly files: ReadonlyMap<string, string>;
  /** Directories in which nothing else may be. */
  readonly owned: readonly string[];
}

/** One line for each file that is missing, different, or no longer made. */
export async function compareTrees(root: string, tree: GeneratedTree): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [path, text] of tree.files) {
    const present = await readIfPresent(join(root, path));
    if (present === undefined) lines.push(`missing: ${path}`);
    else if (present !== text) lines.push(`changed: ${path}`);
  }
  for (const path of await listOwned(root, tree)) {
    if (!tree.files.has(path)) lines.push(`no longer made: ${path}`);
  }
  return lines;
}

/** Writes the files and removes what no generator makes any more. */
export async function writeTree(root: string, tree: GeneratedTree): Promise<void> {
  for (const path of await listOwned(root, tree)) {
    if (!tree.files.has(path)) await rm(join(root, path));
  }
  for (const [path, text] of tree.files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Every file below a directory, as paths from `root`; none when the directory is missing. */
export async function listFiles(root: string, directory: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

async function listOwned(root: string, tree: GeneratedTree): Promise<readonly string[]> {
  const lists = await Promise.all(tree.owned.map((directory) => listFiles(root, directory)));
  return lists.flat();
}

async function readIfPresent(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
