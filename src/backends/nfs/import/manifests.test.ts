import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { makeSubdirVolume, toPersistentVolumeList } from '../../../../test/support/foreign-volumes.ts';
import { makeVolumeRecord } from './manifests.fixture.ts';
import { parsePersistentVolumes, type PersistentVolume } from '../../../k8s/persistent-volume-list.ts';
import { renderManifests } from './manifests.ts';

const options = { driver: 'nfs.stowage.dev', pool: 'shared', storageClass: undefined };

function read(volume: unknown): PersistentVolume {
  const [first] = parsePersistentVolumes(toPersistentVolumeList([volume]), 'the file');
  if (first === undefined) throw new Error('there is one');
  return first;
}

const render = (
  old: PersistentVolume,
  changes: { readonly storageClass?: string } = {},
): readonly unknown[] => {
  const text = renderManifests(old, makeVolumeRecord(), { ...options, ...changes });
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
};

describe('manifests of imported volumes', () => {
  const old = read(
    makeSubdirVolume({
      name: 'pvc-1',
      claim: ['default', 'web'],
      policy: 'Delete',
      mountOptions: ['nfsvers=4.1,hard', 'noatime', 'bg', 'frobnicate'],
    }),
  );

  it('are a PersistentVolume and a claim that name each other', () => {
    expect(render(old)).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: {
          name: 'pvc-1',
          annotations: { 'pv.kubernetes.io/provisioned-by': 'nfs.stowage.dev' },
        },
        spec: {
          capacity: { storage: '64Mi' },
          accessModes: ['ReadWriteMany'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: 'nfs',
          mountOptions: ['nfsvers=4.1', 'hard', 'noatime'],
          csi: {
            driver: 'nfs.stowage.dev',
            volumeHandle: makeVolumeRecord().id,
            volumeAttributes: { pool: 'shared' },
          },
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default', name: 'web' },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace: 'default', name: 'web' },
        spec: {
          accessModes: ['ReadWriteMany'],
          storageClassName: 'nfs',
          volumeName: 'pvc-1',
          resources: { requests: { storage: '64Mi' } },
        },
      },
    ]);
  });

  it('have another class when it is asked for', () => {
    for (const manifest of render(old, { storageClass: 'stowage-nfs' })) {
      expect(manifest).toMatchObject({ spec: { storageClassName: 'stowage-nfs' } });
    }
  });

  it.each([
    ['100M', '67108864', '67108864'],
    ['50M', '67108864', '50M'],
    ['much', '67108864', '67108864'],
  ])(
    'say how large the volume is that was %s, and leave the claim its words if it can',
    (before, volume, claim) => {
      const manifests = render({ ...old, spec: { ...old.spec, capacity: { storage: before } } });

      expect(manifests).toMatchObject([
        { spec: { capacity: { storage: volume } } },
        { spec: { resources: { requests: { storage: claim } } } },
      ]);
    },
  );

  it('are a PersistentVolume alone when nothing was bound to the old one', () => {
    const spec = { ...old.spec, claimRef: undefined };

    const manifests = render({ ...old, spec });

    expect(manifests).toHaveLength(1);
    expect(manifests[0]).not.toHaveProperty('spec.claimRef');
  });
});
