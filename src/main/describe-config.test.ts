import { expect, test } from 'vitest';
import { Config } from './config.ts';
import { describeConfig } from './describe-config.ts';

const FILE = {
  node: { name: 'a' },
  clusterId: 'c',
  tls: { directory: '/etc/stowage/tls' },
  controller: {
    agents: {
      static: [{ node: 'server', address: 'server.example:9810' }],
      kubernetes: { namespace: 'stowage', selector: 'a=b' },
    },
  },
  drivers: {
    hostpath: {
      endpoint: 'unix:///run/csi.sock',
      pools: [
        { name: 'fast', path: '/srv/fast' },
        { name: 'slow', path: '/srv/slow', nodes: ['b'], backing: { type: 'device', device: '/dev/sdb' } },
      ],
    },
  },
};

test('a configuration is told in words: for which roles it does, what would run, and where', () => {
  expect(describeConfig('stowage.yaml', Config.parse(FILE))).toBe(`stowage.yaml is valid.
  controller: yes
  node: yes
  agent: no (drivers: an agent by itself offers pools of servers, and hostpath has none: its pools are on nodes, where \`stowage node\` offers them)
  all-in-one: yes
node a, cluster c
driver hostpath.stowage.dev on unix:///run/csi.sock
  pool fast: /srv/fast, the directory as it is
  pool slow: /srv/slow, an xfs on /dev/sdb, on b (not on this node)
controller: agents of server and pods a=b in namespace stowage, registry of pools in files
no metrics or health over HTTP (http.address is not set)
`);
});
