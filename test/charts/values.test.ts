import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderText } from '../support/helm.ts';
import { readYamlBlocks } from '../support/how-to.ts';

/** Exports that no agent works on where they are. */
function exportOf(...pools: readonly object[]): object {
  const all = pools.map((pool) => ({ type: 'nfs', server: 'nas', export: '/srv', ...pool }));
  return { drivers: { nfs: { enabled: true, pools: all } } };
}

describe('values that make no sense', () => {
  it.each([
    [
      'a key that nobody knows',
      { controler: { replicas: 3 } },
      "additional properties 'controler' not allowed",
    ],
    [
      'one inside of a pool',
      { drivers: { hostpath: { pools: [{ name: 'a', path: '/a', bakcing: {} }] } } },
      "at '/drivers/hostpath/pools/0': additional properties 'bakcing' not allowed",
    ],
    [
      'a parameter of a StorageClass',
      { storageClasses: [{ name: 'a', parameters: { poool: 'default' } }] },
      "additional properties 'poool' not allowed",
    ],
    [
      'text instead of a number',
      { controller: { replicas: 'two' } },
      "at '/controller/replicas': got string, want integer",
    ],
    [
      'a path that is relative',
      { kubeletDirectory: 'kubelet' },
      "at '/kubeletDirectory': 'kubelet' does not match pattern",
    ],
    [
      'a pool that is not there',
      { storageClasses: [{ name: 'a', parameters: { pool: 'fast' } }] },
      'storageClasses: a asks for the pool fast, but drivers.hostpath.pools has only default',
    ],
    [
      'no driver at all',
      { drivers: { hostpath: { enabled: false } }, storageClasses: [] },
      'drivers: none is enabled; set drivers.hostpath.enabled or drivers.nfs.enabled',
    ],
    [
      'a driver of exports without exports',
      { drivers: { nfs: { enabled: true } } },
      'drivers.nfs: it is enabled and has no pools',
    ],
    [
      'a class of a driver that does not run',
      { storageClasses: [{ name: 'a', driver: 'nfs' }] },
      'storageClasses: a is of the driver nfs, which is not enabled: set drivers.nfs.enabled',
    ],
    [
      'a class of no known driver',
      { storageClasses: [{ name: 'a', driver: 'smb' }] },
      "at '/storageClasses/0/driver': value must be 'hostpath'",
    ],
    [
      'a parameter that the driver of the class does not have',
      { storageClasses: [{ name: 'a', driver: 'nfs', parameters: { layout: 'image' } }] },
      "at '/storageClasses/0/parameters': additional properties 'layout' not allowed",
    ],
    [
      'sizes that nobody can enforce',
      { ...exportOf({ name: 'plain' }), storageClasses: [{ name: 'a', driver: 'nfs' }] },
      'storageClasses: a makes volumes in the pool plain, which has no agent on its server, so that nobody can enforce their sizes: set parameters.quota to none',
    ],
    [
      'sizes in a file system that somebody else mounts',
      {
        drivers: { nfs: { enabled: true, pools: [{ name: 'ceph', type: 'shared', path: '/mnt/ceph' }] } },
        storageClasses: [{ name: 'a', driver: 'nfs', parameters: { pool: 'ceph', quota: 'required' } }],
      },
      'storageClasses: a makes volumes in the pool ceph, which has no agent',
    ],
    [
      'one of several exports, and not which',
      {
        ...exportOf({ name: 'one' }, { name: 'two' }),
        storageClasses: [{ name: 'a', driver: 'nfs', parameters: { quota: 'none' } }],
      },
      'storageClasses: a names no pool, and drivers.nfs.pools has several: one, two',
    ],
    [
      'an address that nobody can dial',
      { controller: { agents: [{ node: 'nas', address: 'nas.example' }] } },
      "at '/controller/agents/0/address': 'nas.example' does not match pattern",
    ],
    [
      'half of the certificates',
      { tls: { agentSecret: 'a' } },
      'tls: set controllerSecret and agentSecret, or none of them',
    ],
  ])('are refused with a sentence: %s', async (_title, values, sentence) => {
    await expect(renderText({ values })).rejects.toThrow(sentence);
  });

  it('may have what helm adds to charts that are parts of others', async () => {
    await expect(renderText({ values: { global: { any: 'thing' } } })).resolves.toContain('kind: DaemonSet');
  });
});

describe('values that the documentation shows', () => {
  it.each(['install', 'nfs', 'nfs-server'])('are taken: %s', async (page) => {
    const values = (await readYamlBlocks(page))
      .filter((block) => !/^(apiVersion|kind|node):/m.test(block))
      .map((block) => z.looseObject({}).parse(parse(block)));

    expect(values.length).toBeGreaterThan(0);
    for (const each of values)
      await expect(renderText({ values: each })).resolves.toContain('kind: DaemonSet');
  });
});
