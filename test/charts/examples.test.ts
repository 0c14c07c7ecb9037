import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { backends } from '../../src/backends/registry.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { type KubernetesObject, parseObjects, render, SNAPSHOT_API } from '../support/helm.ts';
import { VARIANTS } from './variants.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const IMAGE = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
const CSI_PREFIX = 'csi.storage.k8s.io/';

/** What an example may be made of. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  PersistentVolume: 'v1',
  PersistentVolumeClaim: 'v1',
  Pod: 'v1',
  Service: 'v1',
  StatefulSet: 'apps/v1',
  StorageClass: 'storage.k8s.io/v1',
  VolumeSnapshot: 'snapshot.storage.k8s.io/v1',
};

const StorageClass = z.looseObject({
  provisioner: z.string(),
  volumeBindingMode: z.string(),
  parameters: z.record(z.string(), z.string()),
});

/** Volumes of nodes are made where their first pod goes; others can be used from everywhere. */
const BINDING_MODES: Readonly<Record<string, string>> = {
  'hostpath.stowage.dev': 'WaitForFirstConsumer',
  'nfs.stowage.dev': 'Immediate',
};

const StaticVolume = z.looseObject({
  spec: z.looseObject({
    persistentVolumeReclaimPolicy: z.literal('Retain'),
    storageClassName: z.literal(''),
    csi: z.looseObject({
      driver: z.literal('nfs.stowage.dev'),
      // One that the driver could have given out would be looked for among its own.
      volumeHandle: z.string().refine((handle) => parseObjectId(handle) === undefined),
      volumeAttributes: z.strictObject({ pool: z.string(), path: z.string().startsWith('/') }),
    }),
  }),
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

    for (const { parameters, provisioner, volumeBindingMode } of classes) {
      const own = Object.entries(parameters).filter(([key]) => !key.startsWith(CSI_PREFIX));
      const backend = backends.find(({ driverName }) => driverName === provisioner);
      expect(backend?.parameters.safeParse(Object.fromEntries(own))).toMatchObject({ success: true });
      expect(volumeBindingMode).toBe(BINDING_MODES[provisioner]);
    }
  });

  it('has PersistentVolumes that lead to a directory of a pool', () => {
    for (const volume of objects.filter(({ kind }) => kind === 'PersistentVolume')) {
      expect(StaticVolume.safeParse(volume).error).toBeUndefined();
    }
  });

  it('uses the image of all examples', () => {
    expect([...new Set(listValues(objects, 'image'))].filter((image) => image !== IMAGE)).toEqual([]);
  });
});

describe('the examples', () => {
  it('name classes that the chart or an example makes', async () => {
    const all = (await Promise.all(files.map(async (name) => parseObjects(await readExample(name))))).flat();
    const charts = await Promise.all([render({ apiVersions: [SNAPSHOT_API] }), render(VARIANTS['nfs'])]);
    const made = [...charts.flat(), ...all]
      .filter(({ kind }) => kind.endsWith('Class'))
      .map(({ metadata }) => metadata.name);

    const named = [...listValues(all, 'storageClassName'), ...listValues(all, 'volumeSnapshotClassName')];

    expect(named.length).toBeGreaterThan(0);
    // A volume that nobody makes has no class.
    expect(named.filter((name) => name !== '' && !made.includes(name))).toEqual([]);
  });

  it('are all in their README', async () => {
    const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');

    expect(files.filter((name) => !readme.includes(`](${name.split('/')[0]})`))).toEqual([]);
  });
});
