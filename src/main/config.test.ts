import { describe, expect, it } from 'vitest';
import { backends } from '../backends/registry.ts';
import { DriverError } from '../domain/errors.ts';
import { Config, parseConfig, type ConfigEnvironment, type ConfigFlags } from './config.ts';
import type { Role } from './roles.ts';

const GOOD = `
drivers:
  hostpath:
    endpoint: unix:///run/csi/csi.sock
    pools:
      - name: fast
        path: /srv/fast
        backing: { type: file, path: /srv/fast.img, size: 10Gi }
`;

/** The good one with a second pool of these keys. */
function toTwo(...keys: readonly string[]): string {
  return `${GOOD}      - ${keys.join('\n        ')}\n`;
}

interface Extra {
  readonly flags?: ConfigFlags;
  readonly environment?: ConfigEnvironment;
  readonly role?: Role;
}

const TLS = 'tls: { directory: /etc/stowage/tls }\n';
const CONTROLLER = 'controller:\n  agents:\n    static:\n';
const agent = (node: string): string => `      - { node: ${node}, address: "${node}.example:9810" }\n`;

function parse(text: string, extra: Extra = {}) {
  return parseConfig(text, { path: 'stowage.yaml', ...extra });
}

function getRefusal(text: string, extra: Extra = {}): string {
  try {
    parse(text, extra);
  } catch (error) {
    if (error instanceof DriverError) return error.message;
  }
  throw new Error('The configuration was accepted.');
}

describe('a configuration', () => {
  it('is filled with defaults and turns sizes into bytes', () => {
    const config = parse(GOOD);

    expect(config.drivers.hostpath?.driverName).toBe('hostpath.stowage.dev');
    expect(config.drivers.hostpath?.pools[0]?.backing).toMatchObject({ size: 10 * 2 ** 30, sparse: false });
    expect(config.log).toEqual({ level: 'info', format: 'json' });
  });

  it('is frozen to its leaves', () => {
    const config = parse(GOOD);

    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.drivers.hostpath?.pools[0]?.backing)).toBe(true);
  });

  it('takes flags over the environment, and that over the file', () => {
    const text = `node: { name: file }\nlog: { level: warn }\n${GOOD}`;

    expect(parse(text).node.name).toBe('file');
    expect(parse(text, { environment: { NODE_NAME: 'env' } }).node.name).toBe('env');
    expect(parse(text, { environment: { NODE_NAME: 'env' }, flags: { nodeName: 'flag' } }).node.name).toBe(
      'flag',
    );
    expect(parse(text, { flags: { logLevel: 'debug', logFormat: 'pretty' } }).log).toEqual({
      level: 'debug',
      format: 'pretty',
    });
    expect(parse(text, { flags: { httpAddress: '127.0.0.1:9808' } }).http.address).toBe('127.0.0.1:9808');
  });

  it('gives the socket of CSI_ENDPOINT to the only driver, unless the file names one', () => {
    const environment = { CSI_ENDPOINT: 'unix:///env/csi.sock' };
    const open = GOOD.replace('    endpoint: unix:///run/csi/csi.sock\n', '');

    expect(parse(open, { environment }).drivers.hostpath?.endpoint).toBe('unix:///env/csi.sock');
    expect(parse(GOOD, { environment }).drivers.hostpath?.endpoint).toBe('unix:///run/csi/csi.sock');
  });
});

describe('the drivers of the configuration', () => {
  it('are those of the registry', () => {
    expect(Object.keys(Config.shape.drivers.shape)).toEqual(backends.map((backend) => backend.name));
  });
});

describe('a refusal', () => {
  it.each([
    [
      'an unknown key',
      GOOD.replace('path: /srv/fast\n', 'paht: /srv/fast\n'),
      'drivers.hostpath.pools[0].paht (line 7): unknown key; did you mean path?',
    ],
    ['a missing key', GOOD.replace('        path: /srv/fast\n', ''), 'drivers.hostpath.pools[0].path'],
    [
      'a key of the wrong backing',
      GOOD.replace('size: 10Gi', 'sise: 10Gi'),
      'drivers.hostpath.pools[0].backing.sise (line 8): unknown key; did you mean size?',
    ],
    ['an unknown section', `logs: {}\n${GOOD}`, 'logs (line 1): unknown key; did you mean log?'],
    [
      'a name far from all',
      `zzzzzzzzzz: 1\n${GOOD}`,
      'zzzzzzzzzz (line 1): unknown key; known here: agent, clusterId, controller, drivers',
    ],
    [
      'a value of the wrong kind',
      GOOD.replace('10Gi', 'lots'),
      'drivers.hostpath.pools[0].backing.size (line 8): "lots" is not a size',
    ],
    [
      'a missing size',
      GOOD.replace(', size: 10Gi', ''),
      'backing.size: missing; it has to be of type number or string',
    ],
    [
      'a size that is a list',
      GOOD.replace('10Gi', '[1]'),
      'backing.size (line 8): it has to be of type number or string',
    ],
    ['a backing that there is not', GOOD.replace('type: file', 'type: tape'), 'backing.type (line 8): '],
    [
      'a key of another backing',
      GOOD.replace('path: /srv/fast.img', 'device: /dev/sdb'),
      'backing.device (line 8): unknown key in a section of this type',
    ],
    [
      'a relative path',
      GOOD.replace('path: /srv/fast\n', 'path: srv\n'),
      'pools[0].path (line 7): must be an absolute',
    ],
    [
      'one name twice',
      toTwo('name: fast', 'path: /srv/2'),
      'pools[1].name (line 9): another pool is named fast',
    ],
    [
      'one path twice',
      toTwo('name: two', 'path: /srv//fast/'),
      'pools[1].path (line 10): pool fast has the same path',
    ],
    [
      'a pool in a pool',
      toTwo('name: two', 'path: /srv/fast/in'),
      'pools[1].path (line 10): it and the path of pool fast (/srv/fast) lie in one another',
    ],
    [
      'one file for two pools',
      toTwo('name: two', 'path: /srv/2', 'backing: { type: file, path: /srv/fast.img, size: 1Gi }'),
      'pools[1].backing.path (line 11): pool fast is on the same file',
    ],
    [
      'a file below the mount that it makes',
      GOOD.replace('path: /srv/fast.img', 'path: /srv/fast//pool.img'),
      'pools[0].backing.path (line 8): it lies in the path of the pool itself, which is mounted over it',
    ],
    [
      'a mount point beside the pool',
      GOOD.replace(/backing: .*/, 'backing: { type: none, mountPoint: /srv/fas }'),
      'pools[0].backing.mountPoint (line 8): the path of the pool (/srv/fast) does not lie in it',
    ],
    [
      'a mount point that is always one',
      GOOD.replace(/backing: .*/, 'backing: { type: none, mountPoint: // }'),
      'pools[0].backing.mountPoint (line 8): the root is always mounted',
    ],
    [
      'a file in another pool, also in one that comes later',
      toTwo('name: two', 'path: /other').replace('/srv/fast.img', '/other/fast.img'),
      'pools[0].backing.path (line 8): it lies in the path of pool two (/other)',
    ],
    [
      'two pools of one name that a node has',
      toTwo('name: fast', 'path: /srv/2', 'nodes: [a, "b*"]'),
      'pools[1].name (line 9): another pool is named fast',
    ],
    [
      'a pattern that is none',
      GOOD.replace('backing:', 'nodes: ["a b"]\n        backing:'),
      'pools[0].nodes[0] (line 8): must be the name of a node',
    ],
    ['an agent twice', `${CONTROLLER}${agent('a')}${agent('a')}${GOOD}`, 'agents.static[1].node (line 5): '],
    [
      'no way to find agents',
      `controller: { agents: {} }\n${GOOD}`,
      'controller.agents (line 1): set static, kubernetes, or both',
    ],
    ['no certificates', `tls: {}\n${GOOD}`, 'tls (line 1): set directory, kubernetes, or both'],
    [
      'a promise that is none',
      GOOD.replace('backing:', 'overcommit: 0\n        backing:'),
      'pools[0].overcommit (line 8): ',
    ],
    ['a level that there is not', `log: { level: loud }\n${GOOD}`, 'log.level (line 1): '],
    ['an address without a port', `http: { address: localhost }\n${GOOD}`, 'http.address (line 1): must be'],
    ['a mode that is none', `sockets: { mode: "999" }\n${GOOD}`, 'sockets.mode (line 1): must be octal'],
    ['no driver', 'drivers: {}\n', 'drivers (line 1): needs at least one driver'],
    ['an empty file', '', 'drivers: missing'],
    ['a list for a file', '- a\n', 'the file: '],
    ['broken YAML', 'drivers: [\n', 'line 2'],
    ['one key twice', `${GOOD}${GOOD}`, 'Map keys must be unique'],
    [
      'a driver without a socket',
      GOOD.replace('    endpoint: unix:///run/csi/csi.sock\n', ''),
      'set either endpoint, or controllerEndpoint and nodeEndpoint',
    ],
    [
      'a socket that is none',
      GOOD.replace('unix:///run/csi/csi.sock', 'tcp://0.0.0.0:1'),
      'drivers.hostpath.endpoint (line 4): must be unix:///',
    ],
  ])('of %s names the key and the line', (_what, text, expected) => {
    expect(getRefusal(text)).toContain(expected);
  });

  it('lists everything that is wrong at once', () => {
    const text = GOOD.replace('10Gi', 'lots').replace('name: fast', 'name: FAST');

    expect(getRefusal(text).match(/\n {2}- /g)).toHaveLength(2);
  });
});

describe('the agents of a controller', () => {
  it('may be listed beside the pods of the nodes', () => {
    const { controller } = parse(
      `${CONTROLLER}${agent('server')}    kubernetes: { namespace: stowage, selector: a=b }\n${GOOD}`,
    );

    expect(controller?.agents).toMatchObject({
      static: [{ node: 'server' }],
      kubernetes: { selector: 'a=b', port: 9810 },
    });
  });
});

describe('a role', () => {
  const withoutPools = GOOD.replace(/ {4}pools:[^]*/, '');
  const two = withoutPools.replace('endpoint: unix:///run/csi/csi.sock', 'nodeEndpoint: unix:///node.sock');

  it('takes a file that has its sections', () => {
    const whole = `${TLS}${CONTROLLER}${agent('a')}${GOOD}`;

    for (const role of ['controller', 'node', 'all-in-one'] as const) {
      expect(parse(whole, { role }).agent.address).toBe('0.0.0.0:9810');
    }
    expect(parse(`${TLS}${CONTROLLER}${agent('a')}${withoutPools}`, { role: 'controller' })).toBeDefined();
  });

  it.each<[Role, string, string, string]>([
    ['controller', 'without certificates', `${CONTROLLER}${agent('a')}${GOOD}`, 'tls: a controller needs'],
    ['controller', 'without agents', `${TLS}${GOOD}`, 'controller: a controller has to know'],
    ['controller', 'without a socket', `${TLS}${two}`, 'hostpath (line 5): a controller needs controllerEnd'],
    ['node', 'without certificates', GOOD, 'tls: a node needs tls.directory'],
    [
      'node',
      'with certificates in Secrets alone',
      `tls: { kubernetes: { namespace: a, caSecret: b, agentSecret: c } }\n${GOOD}`,
      'tls (line 1): a node needs tls.directory',
    ],
    ['node', 'without pools', `${TLS}${withoutPools}`, 'drivers.hostpath.pools: missing'],
    [
      'all-in-one',
      'with an empty list of pools',
      GOOD.replace(/pools:[^]*/, 'pools: []\n'),
      'pools (line 5): ',
    ],
    ['agent', 'with pools of nodes alone', `${TLS}${GOOD}`, 'drivers (line 4): an agent by itself offers'],
    ['all-in-one', 'with one socket of two', two, 'set either endpoint, or both'],
  ])('%s %s is refused with the key and the line', (role, _what, text, expected) => {
    expect(getRefusal(text, { role })).toContain(expected);
  });

  it('finds pools that are in each other’s way on this node only', () => {
    const text = `${GOOD.replace('name: fast', 'name: fast\n        nodes: ["a*"]')}      - name: fast
        path: /srv/other
        nodes: ["*b"]
`;

    expect(parse(text, { role: 'all-in-one', flags: { nodeName: 'a' } })).toBeDefined();
    expect(getRefusal(text, { role: 'all-in-one', flags: { nodeName: 'ab' } })).toContain(
      'pools[1].name (line 10): another pool is named fast, too on node ab',
    );
  });
});
