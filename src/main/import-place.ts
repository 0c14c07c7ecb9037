import type { NfsPool } from '../backends/nfs/config.ts';
import type { ImportPlace } from '../backends/nfs/import/plan-import.ts';
import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { Config } from './config.ts';
import { isServedBy } from './drivers/nfs.ts';

/** What the command line says of the place that volumes are imported in. */
export interface PlaceFlags {
  readonly pool?: string | undefined;
  readonly directory?: string | undefined;
  readonly server: readonly string[];
  readonly export?: string | undefined;
}

/** A pool, where it is on this machine, and what others call it. */
export interface PoolPlaceHere extends ImportPlace {
  readonly pool: NfsPool;
  readonly driver: string;
  readonly directory: string;
}

/** Throws INVALID_ARGUMENT when the configuration and the command line together do not tell. */
export function findImportPlace(config: Config, flags: PlaceFlags): PoolPlaceHere {
  const { nfs } = config.drivers;
  if (nfs === undefined) throw invalid('The configuration has no section drivers.nfs.');
  const pool = findPool(nfs.pools, flags.pool);
  const directory = flags.directory ?? findDirectory(pool, config.node.name);
  if (directory === undefined) {
    throw invalid(
      `Where pool ${pool.name} is on this machine is not known: it is not the server. Say it with --directory.`,
    );
  }
  const ofPool = pool.type === 'nfs' ? [pool.server] : [];
  const servers = [...ofPool, ...flags.server];
  const exportPath = flags.export ?? (pool.type === 'nfs' ? pool.export : undefined);
  if (servers.length === 0 || exportPath === undefined) {
    throw invalid(
      `Pool ${pool.name} is of type shared: say what PersistentVolumes call its server and its directory, with --server and --export.`,
    );
  }
  return { pool, driver: nfs.driverName, directory, servers, exportPath };
}

function findPool(pools: readonly NfsPool[], name: string | undefined): NfsPool {
  const names = pools.map((pool) => pool.name).join(', ');
  const [first, ...others] = pools;
  if (name === undefined) {
    if (first !== undefined && others.length === 0) return first;
    throw invalid(
      first === undefined
        ? 'The configuration has no pools.'
        : `There are several pools (${names}): name one with --pool.`,
    );
  }
  const found = pools.find((pool) => pool.name === name);
  if (found !== undefined) return found;
  throw invalid(
    `There is no pool ${quote(name)} in drivers.nfs.pools: ${names === '' ? 'there are none' : names}.`,
  );
}

function findDirectory(pool: NfsPool, nodeName: string): string | undefined {
  if (pool.type === 'shared') return pool.path;
  return isServedBy(pool, nodeName) ? pool.agent?.path : undefined;
}

function invalid(message: string): DriverError {
  return new DriverError('INVALID_ARGUMENT', message);
}
