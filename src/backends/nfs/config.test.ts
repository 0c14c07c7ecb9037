import { describe, expect, test } from 'vitest';
import { NfsConfig } from './config.ts';

const EXPORT = { type: 'nfs', name: 'web', server: 'nfs1', export: '/srv/web' } as const;
const SHARED = { type: 'shared', name: 'web', path: '/mnt/ceph/web' } as const;
const AGENT = { node: 'nfs1', path: '/srv/web' } as const;

function parse(pools: readonly object[], extra: object = {}) {
  return NfsConfig.safeParse({ endpoint: 'unix:///run/nfs.sock', pools, ...extra });
}

/** `pools.0.server: must be …`, of each issue. */
function getRefusals(pools: readonly object[], extra: object = {}): readonly string[] {
  const issues = parse(pools, extra).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the section of NFS', () => {
  test('needs nothing but an export: sizes are not enforced then, and pods get 4.2', () => {
    expect(parse([EXPORT]).data).toEqual({
      driverName: 'nfs.stowage.dev',
      endpoint: 'unix:///run/nfs.sock',
      mountDirectory: '/var/lib/stowage/mounts',
      pools: [
        {
          ...EXPORT,
          overcommit: 1,
          lowWaterPercent: 5,
          staticPaths: [],
          nfsVersions: ['4.2'],
          mountOptions: [],
          managementOptions: [],
        },
      ],
    });
  });

  test.each<[string, object]>([
    ['an address', { ...EXPORT, server: '10.0.0.1' }],
    ['an IPv6 address', { ...EXPORT, server: 'fd00::1' }],
    ['the root of NFSv4', { ...EXPORT, export: '/' }],
    ['an agent whose file system is mounted above', { ...EXPORT, agent: { ...AGENT, mountPoint: '/srv' } }],
    ['a file system that is the pool', { ...SHARED, mountPoint: '/mnt/ceph/web' }],
    ['static directories', { ...SHARED, staticPaths: ['/', '/home/all'] }],
  ])('takes %s', (_, pool) => {
    expect(getRefusals([pool])).toEqual([]);
  });

  test('has no sockets on a server of NFS', () => {
    expect(getRefusals([EXPORT], { endpoint: undefined })).toEqual([]);
  });

  test.each<[string, readonly object[], object, RegExp]>([
    [
      'two pools of one name',
      [EXPORT, { ...SHARED, name: 'web' }],
      {},
      /^pools\.1\.name: pool web is listed twice$/,
    ],
    ['an unknown type', [{ ...EXPORT, type: 'smb' }], {}, /^pools\.0\.type: /],
    [
      'a server with a port',
      [{ ...EXPORT, server: 'nfs1:2049' }],
      {},
      /^pools\.0\.server: must be a name or an address/,
    ],
    ['brackets', [{ ...EXPORT, server: '[fd00::1]' }], {}, /IPv6 without brackets/],
    [
      'an export that is no path',
      [{ ...EXPORT, export: 'srv' }],
      {},
      /^pools\.0\.export: must be an absolute path/,
    ],
    ['an export with ..', [{ ...EXPORT, export: '/srv/../etc' }], {}, /^pools\.0\.export: must not contain/],
    ['an export that ends in /', [{ ...EXPORT, export: '/srv/' }], {}, /^pools\.0\.export: must not contain/],
    [
      'a version that it does not mount',
      [{ ...EXPORT, nfsVersions: ['2'] }],
      {},
      /^pools\.0\.nfsVersions\.0: /,
    ],
    ['no version', [{ ...EXPORT, nfsVersions: [] }], {}, /^pools\.0\.nfsVersions: /],
    [
      'a misspelt option',
      [{ ...EXPORT, mountOptions: ['hrad'] }],
      {},
      /^pools\.0\.mountOptions: .*Did you mean "hard"/,
    ],
    [
      'another server by an option',
      [{ ...EXPORT, managementOptions: ['addr=10.0.0.1'] }],
      {},
      /^pools\.0\.managementOptions: .*says it itself/,
    ],
    ['an agent without a path', [{ ...EXPORT, agent: { node: 'nfs1' } }], {}, /^pools\.0\.agent\.path: /],
    [
      'an agent beside its disk',
      [{ ...EXPORT, agent: { ...AGENT, mountPoint: '/data' } }],
      {},
      /^pools\.0\.agent\.mountPoint: must be the path or a directory above it/,
    ],
    [
      'a shared pool beside its file system',
      [{ ...SHARED, mountPoint: '/mnt/ce' }],
      {},
      /^pools\.0\.mountPoint: must be the path/,
    ],
    [
      'the root as its mount point',
      [{ ...SHARED, mountPoint: '/' }],
      {},
      /^pools\.0\.mountPoint: .*not the root/,
    ],
    [
      'a mount point as no mount table has it',
      [{ ...SHARED, mountPoint: '/mnt/ceph/' }],
      {},
      /^pools\.0\.mountPoint: must not contain/,
    ],
    ['a server for a shared pool', [{ ...SHARED, server: 'nfs1' }], {}, /^pools\.0: .*server/],
    ['a static path with ..', [{ ...SHARED, staticPaths: ['/a/..'] }], {}, /^pools\.0\.staticPaths\.0: /],
    [
      'one half of the sockets beside both',
      [EXPORT],
      { nodeEndpoint: 'unix:///run/n.sock' },
      /set either endpoint/,
    ],
    ['a misspelt key', [EXPORT], { mountDir: '/x' }, /mountDir/],
  ])('refuses %s', (_, pools, extra, refusal) => {
    expect(getRefusals(pools, extra)).toContainEqual(expect.stringMatching(refusal));
  });
});
