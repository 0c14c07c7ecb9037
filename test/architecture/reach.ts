import { dirname, join, normalize } from 'node:path';
import type { SourceFile } from './source-files.ts';
import { parseImports } from './source-files.ts';

/** A program that has to do without a part of the sources. */
interface Isolation {
  readonly entry: string;
  /** Folders under src/. */
  readonly withoutFolders: readonly string[];
  readonly withoutModules: readonly string[];
}

/** The node plugin has no rights in the cluster and runs everywhere: it has no use for a client. The controller has no privileges. */
const ISOLATIONS: readonly Isolation[] = [
  {
    entry: 'src/main/node.ts',
    withoutFolders: ['src/k8s/'],
    withoutModules: ['@kubernetes/client-node'],
  },
  {
    entry: 'src/main/agent.ts',
    withoutFolders: ['src/k8s/'],
    withoutModules: ['@kubernetes/client-node'],
  },
  {
    entry: 'src/main/controller.ts',
    withoutFolders: ['src/host/'],
    withoutModules: ['koffi', 'node:child_process', 'child_process'],
  },
];

/**
 * Ways by which a program would load what it has to do without, at its start or later. Imports of types are gone by then, and do not
 * count. A program that does not exist reaches nothing.
 */
export function listReachViolations(files: readonly SourceFile[]): readonly string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return ISOLATIONS.flatMap((isolation) => {
    if (!texts.has(isolation.entry)) return [];
    return [...listWays(isolation.entry, texts)]
      .filter(([target]) => isForbidden(target, isolation))
      .map(([, way]) => `${way.join(' → ')}: ${isolation.entry} has to do without it`);
  });
}

/** Everything that a file loads, directly or by others, each with the shortest way to it. */
function listWays(entry: string, texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[entry, [entry]]]);
  // A map gives what is added while it is walked through, so this is breadth first.
  for (const [path, way] of ways) {
    for (const { specifier, isTypeOnly } of parseImports(texts.get(path) ?? '')) {
      const target = specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
      if (!isTypeOnly && !ways.has(target)) ways.set(target, [...way, target]);
    }
  }
  return ways;
}

function isForbidden(target: string, { withoutFolders, withoutModules }: Isolation): boolean {
  return (
    withoutFolders.some((folder) => target.startsWith(folder)) ||
    withoutModules.some((module) => target === module || target.startsWith(`${module}/`))
  );
}
