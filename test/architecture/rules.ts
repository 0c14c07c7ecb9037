import type { SourceFile } from './source-files.ts';
import { COMPUTED, isTestFile, parseImports, removeComments } from './source-files.ts';

/** A module that only one part of the program may load. */
interface Privilege {
  readonly modules: readonly string[];
  /** Folders or files under src/. */
  readonly homes: readonly string[];
  /** Whether others may use its types. */
  readonly sharesTypes?: boolean;
}

const PRIVILEGES: readonly Privilege[] = [
  { modules: ['node:child_process', 'child_process', 'koffi'], homes: ['src/host/'] },
  { modules: ['@grpc/grpc-js', '@grpc/proto-loader'], homes: ['src/rpc/'], sharesTypes: true },
  { modules: ['winston', 'prom-client'], homes: ['src/observability/'] },
  { modules: ['@kubernetes/client-node'], homes: ['src/k8s/'] },
];

/** The configuration reads it; the size of Node.js's own pool of threads can be set in no other way. */
const ENVIRONMENT_HOMES: readonly string[] = ['src/main/config.ts', 'src/main/thread-pool.ts'];

const ENVIRONMENT =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\[\s*['"`]env|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b|\bimport\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/;

const MAX_LINES = 400;

const DEFAULT_EXPORT = /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m;

const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*\.ts$/;
const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Modules that a file may not load where it is. Tests may load what they want. */
export function listPrivilegeViolations(file: SourceFile): readonly string[] {
  if (isTestFile(file)) return [];
  return parseImports(file.text).flatMap(({ specifier, isTypeOnly }) => {
    const privilege = PRIVILEGES.find(({ modules }) =>
      modules.some((module) => specifier === module || specifier.startsWith(`${module}/`)),
    );
    if (privilege === undefined || (isTypeOnly && privilege.sharesTypes === true)) return [];
    if (privilege.homes.some((home) => file.path.startsWith(home))) return [];
    return [`${file.path} loads ${specifier}: only ${privilege.homes.join(', ')} may`];
  });
}

/** Imports whose module is only known while the program runs: no rule here could see them. */
export function listComputedImports(file: SourceFile): readonly string[] {
  const computed = parseImports(file.text).filter(({ specifier }) => specifier === COMPUTED);
  return computed.map(() => `${file.path} imports a module whose name is computed`);
}

/** Uses of the environment anywhere but at its homes. */
export function listEnvironmentReads(file: SourceFile): readonly string[] {
  if (isTestFile(file) || ENVIRONMENT_HOMES.includes(file.path)) return [];
  return ENVIRONMENT.test(removeComments(file.text))
    ? [`${file.path} uses the environment: only ${ENVIRONMENT_HOMES.join(', ')} may`]
    : [];
}

/** Files over the wall of 400 lines. */
export function listLongFiles(file: SourceFile): readonly string[] {
  const lines = file.text.replace(/\n$/, '').split('\n').length;
  return lines > MAX_LINES ? [`${file.path} has ${lines} lines; at most ${MAX_LINES}`] : [];
}

/** Default exports; tools that want one get it in a *.config.ts. */
export function listDefaultExports(file: SourceFile): readonly string[] {
  if (file.path.endsWith('.config.ts')) return [];
  return DEFAULT_EXPORT.test(removeComments(file.text)) ? [`${file.path} has a default export`] : [];
}

/** Names of files and folders that are not kebab-case. */
export function listMisnamedFiles(file: SourceFile): readonly string[] {
  const folders = file.path.split('/');
  const name = folders.pop() ?? '';
  const isKebab = KEBAB_FILE.test(name) && folders.every((folder) => KEBAB_FOLDER.test(folder));
  return isKebab ? [] : [`${file.path} is not kebab-case`];
}
