import { dirname, join, normalize } from 'node:path';
import type { SourceFile } from './source-files.ts';
import { parseImports } from './source-files.ts';

/** From the top down: a folder may import from those in lines below its own. */
const LAYERS: readonly (readonly string[])[] = [
  ['main'],
  ['csi'],
  ['backends'],
  ['filestore', 'pools', 'agent', 'backup'],
  ['rpc', 'host', 'k8s'],
  ['config', 'observability', 'certificates'],
  ['domain', 'base', 'gen'],
];

/** What may look sideways: agents, backups and pools are made of stores, and domain types of plain tools. Never back. */
const SIDEWAYS: ReadonlySet<string> = new Set([
  'agent → filestore',
  'backup → filestore',
  'pools → filestore',
  'domain → base',
]);

/** The command line says which version it is. */
const OUTSIDE: Readonly<Record<string, string | undefined>> = { 'src/main/cli.ts': 'package.json' };

/** What backends share; any of them may import it, and it imports none of them. */
const SHARED_BACKEND = 'file';

/** The one file of the contract that knows every backend. */
const REGISTRY = 'src/backends/registry.ts';

/** Imports of a file under src/ that do not go down. */
export function listLayerViolations(file: SourceFile): readonly string[] {
  const from = folderOf(file.path);
  return listInnerImports(file).flatMap((target) => {
    const to = folderOf(target);
    if (OUTSIDE[file.path] === target) return [];
    if (to === undefined) return [`${file.path} imports ${target}, which is not under src/`];
    if (isDown(from, to)) return [];
    return [`${file.path} imports ${target}: ${from} → ${to} does not go down`];
  });
}

/** Imports under src/backends/ by which one backend, or the contract, would know another one. */
export function listSiblingViolations(file: SourceFile): readonly string[] {
  if (!file.path.startsWith('src/backends/') || file.path === REGISTRY) return [];
  const from = backendOf(file.path);
  return listInnerImports(file)
    .filter((target) => target.startsWith('src/backends/'))
    .filter((target) => {
      const to = backendOf(target);
      if (target === REGISTRY) return true;
      if (to === undefined || to === from) return false;
      return from === undefined || to !== SHARED_BACKEND;
    })
    .map((target) => `${file.path} imports ${target}: ${from ?? 'the contract'} must not know it`);
}

function listInnerImports(file: SourceFile): readonly string[] {
  return parseImports(file.text)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => normalize(join(dirname(file.path), specifier)));
}

/** `rpc` of `src/rpc/server.ts` */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** `hostpath` of `src/backends/hostpath/node.ts`; undefined for the contract. */
function backendOf(path: string): string | undefined {
  return /^src\/backends\/([^/]+)\//.exec(path)?.[1];
}

function isDown(from: string | undefined, to: string): boolean {
  if (from === to || SIDEWAYS.has(`${from} → ${to}`)) return true;
  const [upper, lower] = [from, to].map((folder) =>
    LAYERS.findIndex((layer) => layer.includes(folder ?? '')),
  );
  return upper !== undefined && lower !== undefined && upper >= 0 && upper < lower;
}
