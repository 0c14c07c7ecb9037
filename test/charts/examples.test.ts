import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HostpathParameters } from '../../src/backends/hostpath/parameters.ts';
import { type KubernetesObject, parseObjects, render, SNAPSHOT_API } from '../support/helm.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const IMAGE = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
const CSI_PREFIX = 'csi.storage.k8s.io/';

/** What an example may be made of. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: 'v1',
  Pod: 'v1',
  Service: 'v1',
  StatefulSet: 'apps/v1',
  StorageClass: 'storage.k8s.io/v1',
  VolumeSnapshot: 'snapshot.storage.k8s.io/v1',
};

const StorageClass = z.looseObject({
  provisioner: z.literal('hostpath.stowage.dev'),
  volumeBindingMode: z.literal('WaitForFirstConsumer'),
  parameters: z.record(z.string(), z.string()),
});

const files = (await readdir(EXAMPLES, { recursive: true })).filter((name) => name.endsWith('.yaml')).sort();

async function readExample(name: string): Promise<string> {
  return await readFile(join(EXAMPLES, name), 'utf8');
}

/** Every value that has this key, wherever it is in the object. */
function listValues(value: unknown, key: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === 'string' ? [inner] : listValues(inner, key),
  );
}

describe.each(files)('the example %s', (name) => {
  let text: string;
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    text = await readExample(name);
    objects = parseObjects(text);
  });

  it('begins with what it shows', () => {
    expect(text).toMatch(/^# \S.{20,}/);
  });

  it('has objects of known kinds, named as examples, in the namespace of whoever applies them', () => {
    for (const { kind, apiVersion, metadata } of objects) {
      expect(`${kind} ${apiVersion}`).toBe(`${kind} ${API_VERSIONS[kind]}`);
      expect(metadata.name).toMatch(/^example-/);
      expect(metadata.namespace).toBeUndefined();
    }
  });

  it('has StorageClasses that the driver understands', () => {
    const classes = objects
      .filter(({ kind }) => kind === 'StorageClass')
      .map((object) => StorageClass.parse(object));

    for (const { parameters } of classes) {
      const own = Object.entries(parameters).filter(([key]) => !key.startsWith(CSI_PREFIX));
      expect(HostpathParameters.safeParse(Object.fromEntries(own)).error).toBeUndefined();
    }
  });

  it('uses the image of all examples', () => {
    expect([...new Set(listValues(objects, 'image'))].filter((image) => image !== IMAGE)).toEqual([]);
  });
});

describe('the examples', () => {
  it('name classes that the chart or an example makes', async () => {
    const all = (await Promise.all(files.map(async (name) => parseObjects(await readExample(name))))).flat();
    const made = [...(await render({ apiVersions: [SNAPSHOT_API] })), ...all]
      .filter(({ kind }) => kind.endsWith('Class'))
      .map(({ metadata }) => metadata.name);

    const named = [...listValues(all, 'storageClassName'), ...listValues(all, 'volumeSnapshotClassName')];

    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !made.includes(name))).toEqual([]);
  });

  it('are all in their README', async () => {
    const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');

    expect(files.filter((name) => !readme.includes(`](${name.split('/')[0]})`))).toEqual([]);
  });
});
