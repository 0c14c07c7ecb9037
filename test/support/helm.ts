import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { runHelm } from '../../scripts/chart/helm.ts';

export const SNAPSHOT_API = 'snapshot.storage.k8s.io/v1/VolumeSnapshotClass';
export const CHART = resolve(import.meta.dirname, '../../charts/stowage');

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
