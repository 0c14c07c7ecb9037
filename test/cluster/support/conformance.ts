import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type Definition, findReason, type Selection, type Spec } from './external-storage.ts';
import { kubectl } from './kubectl.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGE = resolve(ROOT, 'docs/reference/conformance.md');
const TITLES: Readonly<Record<Definition, string>> = {
  directories: 'directories (btrfs, from 1Mi)',
  images: 'images (xfs and ext4, from 320Mi)',
};

type Results = ReadonlyMap<Definition, readonly Spec[]>;

/** Writes docs/reference/conformance.md: what every suite came to with every definition, and why specs were skipped. */
export async function writeConformance(selection: Selection, results: Results): Promise<void> {
  const suites = [...new Set([...results.values()].flat().map((spec) => spec.suite))].sort();
  const definitions = [...results.keys()];
  const lines = [
    '# Conformance',
    '',
    '<!-- Made by `make test-cluster-full`, in half an hour. -->',
    '',
    `What came of Kubernetes' own tests for CSI drivers, the external-storage suite. ${await describeVersions()}`,
    'Cells are passed / failed / skipped; a dash is a suite of which no spec was selected. The definitions have every capability on that',
    'a host path can have: see test/cluster/external-storage. No flaky spec is tried twice.',
    '',
    `| Suite | ${definitions.map((definition) => TITLES[definition]).join(' | ')} |`,
    `|---|${definitions.map(() => '---|').join('')}`,
    ...suites.map((suite) => toRow(suite, definitions, results)),
    toTotal(definitions, results),
    '',
    '## Specs that skip themselves',
    '',
    '| Reason | How many |',
    '|---|---|',
    ...toReasons(selection, results),
    '',
    '## Specs that are left out',
    '',
    '| Pattern | With | Reason |',
    '|---|---|---|',
    ...selection.leftOut.map(
      ({ pattern, definition, reason }) =>
        `| \`${pattern.replaceAll('|', '\\|')}\` | ${definition ?? 'both'} | ${reason} |`,
    ),
    '',
  ];
  await writeFile(PAGE, lines.join('\n'));
}

async function describeVersions(): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(resolve(ROOT, 'package.json'), 'utf8')));
  const kubernetes = z
    .object({ serverVersion: z.object({ gitVersion: z.string() }) })
    .parse(JSON.parse(await kubectl(['version', '--output', 'json']))).serverVersion.gitVersion;
  const kernels = await kubectl([
    'get',
    'nodes',
    '--output',
    'jsonpath={.items[*].status.nodeInfo.kernelVersion}',
  ]);
  const date = new Date().toISOString().slice(0, 10);
  return `Stowage ${version}, Kubernetes ${kubernetes}, Linux ${kernels.split(' ')[0]?.split('-')[0]}, ${date}.`;
}

function toRow(suite: string, definitions: readonly Definition[], results: Results): string {
  const cells = definitions.map((definition) =>
    toCell((results.get(definition) ?? []).filter((spec) => spec.suite === suite)),
  );
  return `| ${suite} | ${cells.join(' | ')} |`;
}

function toTotal(definitions: readonly Definition[], results: Results): string {
  return `| **all** | ${definitions.map((definition) => toCell(results.get(definition) ?? [])).join(' | ')} |`;
}

function toCell(specs: readonly Spec[]): string {
  if (specs.length === 0) return '–';
  const count = (outcome: Spec['outcome']): number => specs.filter((spec) => spec.outcome === outcome).length;
  return `${count('passed')} / ${count('failed')} / ${count('skipped')}`;
}

function toReasons(selection: Selection, results: Results): readonly string[] {
  const counts = new Map<string, number>();
  for (const spec of [...results.values()].flat().filter(({ outcome }) => outcome === 'skipped')) {
    const reason = findReason(selection, spec) ?? spec.message;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([reason, count]) => `| ${reason} | ${count} |`);
}
