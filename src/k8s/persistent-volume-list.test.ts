import { describe, expect, it } from 'vitest';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { listPersistentVolumes, parsePersistentVolumes } from './persistent-volume-list.ts';

const one = { kind: 'PersistentVolume', metadata: { name: 'pvc-1' }, spec: {} };

describe('what kubectl printed of PersistentVolumes', () => {
  it.each([
    ['a list', { kind: 'List', items: [one] }],
    ['a list of its kind', { kind: 'PersistentVolumeList', items: [one] }],
    ['a single one', one],
  ])('is read as %s', (_, json) => {
    const volumes = parsePersistentVolumes(JSON.stringify(json), 'pvs.json');

    expect(volumes.map(({ metadata }) => metadata.name)).toEqual(['pvc-1']);
  });

  it.each([
    ['no JSON', 'kind: List', /pvs.json is no JSON/],
    ['other objects', JSON.stringify({ items: [{ kind: 'Pod' }] }), /other objects/],
    ['a broken one', JSON.stringify({ ...one, spec: { nfs: {} } }), /not as it should be/],
  ])('is refused as %s', (_, text, message) => {
    expect(() => parsePersistentVolumes(text, 'pvs.json')).toThrow(message);
  });
});

describe('the PersistentVolumes of a cluster', () => {
  it('are read with all that another one needs to take their place', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const nfs = { server: 'nfs1', path: '/srv/nfs/a' };
    const claimRef = { namespace: 'default', name: 'a', uid: 'u' };
    api.store.create('/api/v1/persistentvolumes', { metadata: { name: 'pvc-1' }, spec: { nfs, claimRef } });

    const [volume] = await listPersistentVolumes(client, new AbortController().signal);

    expect(volume).toMatchObject({
      metadata: { name: 'pvc-1' },
      spec: { nfs, claimRef: { namespace: 'default', name: 'a' }, mountOptions: [], accessModes: [] },
    });
  });
});
