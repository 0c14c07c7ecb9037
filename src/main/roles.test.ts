import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { defineDriver } from './drivers/driver.ts';
import { DRIVERS } from './drivers/registry.ts';
import { LOCAL_DRIVERS } from './drivers/locals.ts';
import { listRoleIssues, type RoleIssue } from './roles.ts';

const TLS = { directory: '/etc/stowage/tls' };
const config = Config.parse({
  tls: TLS,
  node: { name: 'a' },
  drivers: {
    hostpath: { nodeEndpoint: 'unix:///run/n.sock', pools: [{ name: 'fast', path: '/srv/fast' }] },
  },
});

/** A driver that an agent by itself can offer. */
function toOffered(issues: readonly RoleIssue[] = []) {
  return defineDriver({
    key: 'hostpath',
    findSection: () => ({ driverName: 'd' }),
    hasAgent: true,
    listIssues: () => issues,
    describePools: () => [],
  });
}

describe('an agent by itself', () => {
  it('is refused where no driver has pools for it', () => {
    expect(listRoleIssues(config, 'agent')).toEqual([
      { path: ['drivers'], message: expect.stringMatching(/hostpath has none.*`stowage node`/) },
    ]);
  });

  it('needs certificates, but no sockets', () => {
    expect(listRoleIssues(config, 'agent', [toOffered()])).toEqual([]);
    expect(listRoleIssues({ ...config, tls: undefined }, 'agent', [toOffered()])).toEqual([
      { path: ['tls'], message: expect.stringContaining('an agent needs tls.directory') },
    ]);
  });

  it('leaves drivers to nodes that are not offered so', () => {
    expect(listRoleIssues(config, 'agent', [DRIVERS.hostpath, toOffered()])).toEqual([]);
  });

  it('is offered by each driver that says so, and by no other', () => {
    const keys = Object.keys(DRIVERS) as (keyof typeof DRIVERS)[];

    expect(keys.filter((key) => DRIVERS[key].hasAgent)).toEqual(
      keys.filter((key) => LOCAL_DRIVERS[key].createAgent !== undefined),
    );
  });
});

describe('the issues of a driver', () => {
  it('are told with the way to them, beside those of its sockets', () => {
    const driver = toOffered([{ path: ['pools', 2], message: 'no pool' }]);

    expect(listRoleIssues(config, 'agent', [driver])).toEqual([
      { path: ['drivers', 'hostpath', 'pools', 2], message: 'no pool' },
    ]);
    expect(listRoleIssues(config, 'node', [driver]).map(({ path }) => path.join('.'))).toEqual([
      'drivers.hostpath',
      'drivers.hostpath.pools.2',
    ]);
  });
});
