import { describe, expect, it } from 'vitest';
import {
  makeCsiVolume,
  makeSubdirVolume,
  toPersistentVolumeList,
} from '../../../../test/support/foreign-volumes.ts';
import { parsePersistentVolumes } from '../../../k8s/persistent-volume-list.ts';
import type { ImportLayout } from './foreign-source.ts';
import { type ImportPlan, planImport } from './plan-import.ts';

const place = { servers: ['nfs1', '[fd00::1]'], exportPath: '/srv/nfs' };
const web = ['default', 'web'] as const;

function plan(layout: ImportLayout, ...items: readonly unknown[]): ImportPlan {
  const volumes = parsePersistentVolumes(toPersistentVolumeList(items), 'the file');
  return planImport(volumes, { layout, place, sizes: new Map([['sized', 4096]]) });
}

function planCsi(...items: readonly unknown[]): ImportPlan {
  return plan('csi-driver-nfs', ...items);
}

function planSubdir(...items: readonly unknown[]): ImportPlan {
  return plan('nfs-subdir-external-provisioner', ...items);
}

const directoriesOf = ({ imports }: ImportPlan): readonly string[] =>
  imports.map(({ directory }) => directory);

/** A PersistentVolume that a person wrote for csi-driver-nfs. */
function writeCsi(volumeAttributes: Readonly<Record<string, string>>): unknown {
  const csi = { driver: 'nfs.csi.k8s.io', volumeHandle: 'anything', volumeAttributes };
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'], csi };
  return { kind: 'PersistentVolume', metadata: { name: 'written' }, spec };
}

describe('planning an import', () => {
  it('finds the directories of csi-driver-nfs', () => {
    const found = planCsi(
      makeCsiVolume({ name: 'pvc-1', claim: web }),
      makeCsiVolume({ name: 'pvc-2', claim: web, subDir: 'default/web' }),
      makeCsiVolume({ name: 'pvc-3', claim: web, share: '/srv/nfs/deeper/' }),
      writeCsi({ server: 'nfs1', share: '/srv/nfs/as-before-4' }),
      writeCsi({ Server: 'fd00::1', SHARE: 'srv/nfs', SubDir: '/by/hand/' }),
    );

    expect(directoriesOf(found)).toEqual(['pvc-1', 'default/web', 'deeper/pvc-3', 'as-before-4', 'by/hand']);
    expect(found.imports[0]).toMatchObject({ capacityBytes: 64 * 2 ** 20, serverPath: '/srv/nfs/pvc-1' });
  });

  it('fills in what csi-driver-nfs fills in when it mounts', () => {
    const attributes = { server: 'nfs1', share: '/srv/nfs', subDir: '${pvc.metadata.namespace}/x' };
    const known = { ...attributes, 'csi.storage.k8s.io/pvc/namespace': 'shop' };

    expect(directoriesOf(planCsi(writeCsi(known)))).toEqual(['shop/x']);
    expect(planCsi(writeCsi(attributes)).left).toMatchObject([{ reason: expect.stringContaining('stands') }]);
  });

  it('finds the directories of nfs-subdir-external-provisioner', () => {
    const found = planSubdir(
      makeSubdirVolume({ name: 'pvc-1', claim: web }),
      makeSubdirVolume({ name: 'pvc-2', claim: web, path: 'shop/team/data' }),
    );

    expect(directoriesOf(found)).toEqual(['default-web-pvc-1', 'shop/team/data']);
  });

  it('says nothing of what the other provisioner made, and leaves what a person wrote', () => {
    const csi = makeCsiVolume({ name: 'pvc-1', claim: web });
    const nfs = { server: 'nfs1', path: '/srv/nfs/by-hand' };
    const written = { kind: 'PersistentVolume', metadata: { name: 'written' }, spec: { nfs } };

    expect(planSubdir(csi, written)).toEqual({
      imports: [],
      refused: [],
      left: [{ name: 'written', reason: 'no provisioner made it' }],
    });
  });

  it.each([
    [{ server: 'nfs2' }, 'it is on server nfs2'],
    [{ share: '/srv/other' }, 'its path /srv/other/pvc-1 is outside of /srv/nfs'],
    [{ share: '/srv/nfs-other' }, 'its path /srv/nfs-other/pvc-1 is outside of /srv/nfs'],
  ])('leaves %j alone', (change, reason) => {
    const found = planCsi(makeCsiVolume({ name: 'pvc-1', claim: web, ...change }));

    expect(found).toEqual({ imports: [], refused: [], left: [{ name: 'pvc-1', reason }] });
  });

  it.each([
    [writeCsi({ server: 'nfs1', share: '/srv/nfs' }), 'the whole of the export'],
    [writeCsi({ server: 'nfs1', share: '/srv/nfs', subDir: '../../etc' }), 'none that a directory'],
    [writeCsi({ server: 'nfs1', share: '/srv/nfs', subDir: 'volumes/x' }), 'belongs to the driver'],
    [makeCsiVolume({ name: 'written', claim: web, size: 'much' }), 'its size is much'],
  ])('refuses %#', (volume, reason) => {
    const { imports, refused } = planCsi(volume);

    expect(imports).toEqual([]);
    expect(refused).toEqual([{ name: 'written', reason: expect.stringContaining(reason) }]);
  });

  it('refuses those that share a directory, and those of which one lies in another', () => {
    const found = planCsi(
      makeCsiVolume({ name: 'one', claim: web, subDir: 'shared' }),
      makeCsiVolume({ name: 'two', claim: web, subDir: 'shared' }),
      makeCsiVolume({ name: 'outer', claim: web, subDir: 'team' }),
      makeCsiVolume({ name: 'inner', claim: web, subDir: 'team/data' }),
      makeCsiVolume({ name: 'fine', claim: web, subDir: 'team-data' }),
    );

    expect(directoriesOf(found)).toEqual(['team-data']);
    expect(found.refused.map(({ name }) => name).toSorted()).toEqual(['inner', 'one', 'outer', 'two']);
  });

  it('takes the size that is asked for', () => {
    const { imports } = planCsi(makeCsiVolume({ name: 'sized', claim: web }));

    expect(imports[0]?.capacityBytes).toBe(4096);
  });
});
