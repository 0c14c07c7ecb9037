import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A file of the project; its path counts from the root, `src/rpc/server.ts`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One `import … from`, `export … from`, `import '…'`, `import('…')` or `require('…')`. */
export interface Import {
  readonly specifier: string;
  /** `import type` and `export type`: gone when the program runs. */
  readonly isTypeOnly: boolean;
}

/** Every TypeScript file that people write, below the given folders. */
export function readSourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }))
      .filter(({ path }) => !path.startsWith('src/gen/')),
  );
}

/** Whether a file is only there for tests. */
export function isTestFile(file: SourceFile): boolean {
  return /\.(test|fixture)\.ts$/.test(file.path);
}

/** A static import or re-export begins a line, because the formatter puts it there; its clause has no quotes or semicolons. */
const STATIC = /^(?:import|export)\s+(type\s+)?(?:[^'"`;=()]*?\sfrom\s*)?(['"])([^'"\n]+)\2/gm;

/** Anything that loads a module while the program runs; what is in the brackets may be computed. */
const DYNAMIC = /\b(?:import|require)\(\s*(?:(['"`])([^'"`$]+)\1|([^)]*))/g;

/** What stands in for a module whose name is computed. */
export const COMPUTED = '<computed>';

/** Every module that a text asks for. */
export function parseImports(text: string): readonly Import[] {
  const code = removeComments(text);
  const statics = [...code.matchAll(STATIC)].map(
    ([, type, , specifier = '']): Import => ({ specifier, isTypeOnly: type !== undefined }),
  );
  const dynamics = [...code.matchAll(DYNAMIC)].map(
    ([, , specifier]): Import => ({ specifier: specifier ?? COMPUTED, isTypeOnly: false }),
  );
  return [...statics, ...dynamics];
}

/** Removes comments that begin a line, which is where this project has them; strings and patterns stay whole. */
export function removeComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
