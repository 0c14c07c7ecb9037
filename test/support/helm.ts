import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const exec = promisify(execFile);
const VERSION = 'v3.22.0';
const PACKAGE = 'helm.sh/helm/v3/cmd/helm';
/** The minor version of Kubernetes that helm takes a cluster for that it cannot ask; its releases have one built in as well. */
const KUBERNETES_MINOR = 34;
export const SNAPSHOT_API = 'snapshot.storage.k8s.io/v1/VolumeSnapshotClass';
export const CHART = resolve(import.meta.dirname, '../../charts/stowage');

const INSTALLS_WITHIN_MS = 600_000;
const RUNS_WITHIN_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

/** As much of an object of Kubernetes as all of them have. */
export const KubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type KubernetesObject = z.infer<typeof KubernetesObject>;

/** What a release is rendered with. */
export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** Over values.yaml. */
  readonly values?: object;
  /** What the cluster has beside its own API. */
  readonly apiVersions?: readonly string[];
}

/** Where helm is; installed with `go install` into a cache outside of the tree when it is not there yet. Throws without Go. */
export async function findHelm(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'stowage', 'tools', `helm-${VERSION}-for-1.${KUBERNETES_MINOR}`);
  const program = join(folder, 'helm');
  if (await exists(program)) return program;
  await mkdir(folder, { recursive: true });
  const variable = 'helm.sh/helm/v3/pkg/chartutil.k8sVersion';
  const link = `-s -w -X ${variable}Major=1 -X ${variable}Minor=${KUBERNETES_MINOR}`;
  await exec('go', ['install', '-trimpath', '-ldflags', link, `${PACKAGE}@${VERSION}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    timeout: INSTALLS_WITHIN_MS,
  });
  return program;
}

/** Runs helm with standard input; returns what it prints, both streams. Throws with both when it fails. */
export async function runHelm(args: readonly string[], input = ''): Promise<string> {
  const running = exec(await findHelm(), args, { timeout: RUNS_WITHIN_MS, maxBuffer: MAX_OUTPUT_BYTES });
  running.child.stdin?.end(input);
  const { stdout, stderr } = await running;
  return `${stdout}${stderr}`;
}

/** What `helm template` prints for the chart. Throws with what helm says when the values are refused. */
export async function renderText(options: RenderOptions = {}): Promise<string> {
  const { release = 'stowage', namespace = 'stowage-system', values = {}, apiVersions = [] } = options;
  const args = ['template', release, CHART, '--namespace', namespace];
  for (const version of apiVersions) args.push('--api-versions', version);
  return await runHelm([...args, '--values', '-'], JSON.stringify(values));
}

/** The objects that the chart makes, in helm's order. */
export async function render(options: RenderOptions = {}): Promise<readonly KubernetesObject[]> {
  return parseObjects(await renderText(options));
}

/** The objects in a text of YAML documents. Throws when one is not an object of Kubernetes. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text)
    .map((document) => {
      for (const error of document.errors) throw error;
      return document.toJS() as unknown;
    })
    .filter((value) => value !== null)
    .map((value) => KubernetesObject.parse(value));
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
