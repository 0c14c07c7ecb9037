import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratedTree } from '../generate/tree.ts';
import { runHelm } from './helm.ts';

const CHART = 'charts/stowage';
const NAMESPACE = 'stowage-system';
const RELEASE = 'stowage';

/** Files for those who do not use helm: what it would make, all in one. */
const FILES: Readonly<Record<string, { readonly snapshots: boolean }>> = {
  'deploy/stowage.yaml': { snapshots: false },
  'deploy/stowage-with-snapshots.yaml': { snapshots: true },
};

/** What only those who use helm understand. */
const HELM_LINES = /^ *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n|^# Source: .*\n/gm;

/** The manifests in deploy/, made from the chart. Needs helm, or Go to build it. */
export async function renderManifests(root: string): Promise<GeneratedTree> {
  const first = [renderNamespace(), ...(await readResourceDefinitions(root))];
  const files = Object.entries(FILES).map(async ([path, { snapshots }]): Promise<[string, string]> => {
    const values = JSON.stringify({ snapshots: { enabled: snapshots } });
    const args = ['template', RELEASE, join(root, CHART), '--namespace', NAMESPACE, '--values', '-'];
    const objects = (await runHelm(args, values)).replaceAll(HELM_LINES, '');
    return [path, [renderHead(snapshots), ...first].join('---\n') + objects];
  });
  return { files: new Map(await Promise.all(files)), owned: [] };
}

function renderHead(snapshots: boolean): string {
  const needs = snapshots
    ? '# The cluster has to have the API of snapshots and its controller (kubernetes-csi/external-snapshotter).\n'
    : '';
  return `# Made from charts/stowage by \`make manifests\`: all of Stowage with the defaults of the chart.\n${needs}`;
}

/** The node plugin is privileged, which most clusters have to be told to allow. */
function renderNamespace(): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: privileged
`;
}

async function readResourceDefinitions(root: string): Promise<readonly string[]> {
  const folder = join(root, CHART, 'crds');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => text.replace(/^---\n/, ''));
}
