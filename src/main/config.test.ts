import { describe, expect, it } from 'vitest';
import { backends } from '../backends/registry.ts';
import { DriverError } from '../domain/errors.ts';
import { Config, parseConfig, type ConfigEnvironment, type ConfigFlags } from './config.ts';

const GOOD = `
drivers:
  hostpath:
    endpoint: unix:///run/csi/csi.sock
    pools:
      - name: fast
        path: /srv/fast
        backing: { type: file, path: /srv/fast.img, size: 10Gi }
`;

function parse(text: string, extra: { flags?: ConfigFlags; environment?: ConfigEnvironment } = {}) {
  return parseConfig(text, { path: 'stowage.yaml', ...extra });
}

function getRefusal(text: string): string {
  try {
    parse(text);
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
      'zzzzzzzzzz (line 1): unknown key; known here: clusterId, drivers',
    ],
    [
      'a value of the wrong kind',
      GOOD.replace('10Gi', 'lots'),
      'drivers.hostpath.pools[0].backing.size (line 8): "lots" is not a size',
    ],
    ['no driver', 'drivers: {}\n', 'drivers (line 1): needs at least one driver'],
    ['an empty file', '', 'drivers: missing'],
    ['a list for a file', '- a\n', 'the file: '],
    ['broken YAML', 'drivers: [\n', 'line 2'],
    ['one key twice', `${GOOD}${GOOD}`, 'Map keys must be unique'],
    [
      'a driver without a socket',
      GOOD.replace('    endpoint: unix:///run/csi/csi.sock\n', ''),
      'set either endpoint, or both',
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
