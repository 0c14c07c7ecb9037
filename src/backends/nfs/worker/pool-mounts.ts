import { mkdir, readdir, rmdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '../../../base/keyed-lock.ts';
import { Operations } from '../../../base/operations.ts';
import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';
import type { Host } from '../../../host/host.ts';
import { findStatd } from '../../../host/nfs/find-statd.ts';
import { mountNfs } from '../../../host/nfs/mount-nfs.ts';
import { parseNfsOptions } from '../../../config/nfs-options.ts';
import type { Logger } from '../../../observability/logger.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import type { ExportPool, NfsPool, SharedPool } from '../config.ts';
import {
  type ExportMount,
  listCurrentPlaces,
  listUnusedPlaces,
  MANAGEMENT_WORDS,
  toMountPlace,
  toPoolDirectory,
} from './mount-places.ts';
import { checkCanonical, checkSharedPath } from './shared-path.ts';

/** A mount may take as long as the kernel tries; who waits for it leaves before. */
const MOUNT_DEADLINE_MS = 10 * 60_000;

export interface PoolMountsOptions {
  readonly pool: NfsPool;
  readonly mountDirectory: string;
  readonly host: Pick<Host, 'mounts' | 'syscalls'>;
  readonly logger: Logger;
}

/**
 * The mounts of one pool on this node: one for its agent, and one of its data for each set of options, which all volumes with these options share. What is mounted is told by
 * mountinfo; nothing is remembered. May hang for as long as the server does not answer, so it is for a worker.
 */
export class PoolMounts {
  readonly #options: PoolMountsOptions;
  /** Mounting goes on when nobody waits for it, and must not be begun twice. */
  readonly #mounting = new Operations();
  readonly #locks = new KeyedLock();

  constructor(options: PoolMountsOptions) {
    this.#options = options;
  }

  /** Whether this driver mounts the pool itself. */
  get isOfExport(): boolean {
    return this.#options.pool.type === 'nfs';
  }

  /** Whether something is being mounted. */
  get isBusy(): boolean {
    return this.#mounting.size > 0;
  }

  /** The root of the pool for its agent. Throws POOL_UNAVAILABLE. */
  async ensureManagement(signal: AbortSignal): Promise<string> {
    const { pool } = this.#options;
    if (pool.type === 'shared') return await this.#checkShared(pool, signal);
    const { version, words } = parseNfsOptions([...pool.managementOptions, ...MANAGEMENT_WORDS]);
    const versions = version === undefined ? pool.nfsVersions : [version];
    const place = await this.#ensure(pool, { purpose: 'manage', versions, words }, signal);
    await this.#dropFormer(pool, place, signal);
    return place;
  }

  /**
   * Runs the work with the root of the pool as pods are to see it: what it mounts from there keeps the mount from being taken away. Throws POOL_UNAVAILABLE.
   */
  async withData<T>(mount: ExportMount, signal: AbortSignal, work: (root: string) => Promise<T>): Promise<T> {
    const { pool } = this.#options;
    if (pool.type === 'shared') return await work(await this.#checkShared(pool, signal));
    const place = this.#toPlace(pool, { ...mount, purpose: 'data' });
    using _lock = await this.#locks.acquire(place, signal);
    await this.#ensure(pool, { ...mount, purpose: 'data' }, signal);
    return await work(place);
  }

  /** Unmounts the data of this pool where no volume uses it any more. */
  async releaseUnused(signal: AbortSignal): Promise<void> {
    const { pool, mountDirectory, host } = this.#options;
    const table = await host.mounts.list(signal);
    for (const place of listUnusedPlaces(mountDirectory, pool.name, table))
      await this.#release(place, signal);
  }

  async #release(place: string, signal: AbortSignal): Promise<void> {
    const { host, mountDirectory, pool, logger } = this.#options;
    using _lock = await this.#locks.acquire(place, signal);
    // Somebody may have taken it into use before it was our turn.
    const table = await host.mounts.list(signal);
    if (!listUnusedPlaces(mountDirectory, pool.name, table).includes(place)) return;
    await host.syscalls.unmount({ target: place, detach: true }, signal);
    await rmdir(place).catch((error: unknown) => {
      logger.debug('The place of a mount is left behind', { place, err: error });
    });
  }

  #toPlace(pool: ExportPool, mount: ExportMount & { readonly purpose: 'data' | 'manage' }): string {
    return toMountPlace(this.#options.mountDirectory, pool, mount);
  }

  async #ensure(
    pool: ExportPool,
    mount: ExportMount & { readonly purpose: 'data' | 'manage' },
    signal: AbortSignal,
  ): Promise<string> {
    const place = this.#toPlace(pool, mount);
    const work = async (own: AbortSignal): Promise<void> => await this.#mount(pool, mount, own);
    await this.#mounting.run(
      {
        key: place,
        fingerprint: '',
        deadlineMs: MOUNT_DEADLINE_MS,
        work,
        conflict: () => new DriverError('OPERATION_PENDING', `${place} is being mounted: ask again.`),
      },
      signal,
    );
    return place;
  }

  async #mount(
    pool: ExportPool,
    { purpose, versions, words }: ExportMount & { readonly purpose: 'data' | 'manage' },
    signal: AbortSignal,
  ): Promise<void> {
    const { mountDirectory, host, logger } = this.#options;
    const place = this.#toPlace(pool, { purpose, versions, words });
    if (await this.#isUsable(place, signal)) return;
    await mkdir(mountDirectory, { recursive: true, mode: 0o700 });
    await checkCanonical(mountDirectory, 'mountDirectory');
    await mkdir(toPoolDirectory(mountDirectory, pool.name), { recursive: true, mode: 0o700 });
    await mkdir(place, { recursive: true, mode: 0o700 });
    const { version } = await mountNfs(
      { mounts: host.mounts, findStatd },
      { poolName: pool.name, server: pool.server, export: pool.export, target: place, versions, words },
      signal,
    );
    logger.info('An export was mounted', {
      pool: pool.name,
      server: pool.server,
      export: pool.export,
      version,
      purpose,
      options: words.join(','),
    });
  }

  /** Whether it is mounted. What the server has replaced meanwhile is taken away: those who use it keep it, and see errors. */
  async #isUsable(place: string, signal: AbortSignal): Promise<boolean> {
    const { host, logger, pool } = this.#options;
    for (;;) {
      if (findMountAt(await host.mounts.list(signal), place) === undefined) return false;
      try {
        await stat(place);
        return true;
      } catch (error) {
        if (!isErrno(error, 'ESTALE', 'EIO', 'ENOENT', 'EACCES', 'EPERM')) throw error;
        logger.warn('What an export was is gone, and it is mounted anew', {
          pool: pool.name,
          place,
          err: error,
        });
        await host.syscalls.unmount({ target: place, detach: true }, signal);
      }
    }
  }

  /** Management mounts of an address or of options that the configuration does not have any more. */
  async #dropFormer(pool: ExportPool, current: string, signal: AbortSignal): Promise<void> {
    const { mountDirectory, host, logger } = this.#options;
    const directory = toPoolDirectory(mountDirectory, pool.name);
    for (const name of await readdir(directory)) {
      const place = join(directory, name);
      if (!name.startsWith('manage-') || place === current) continue;
      try {
        await host.syscalls.unmount({ target: place, detach: true }, signal);
      } catch (error) {
        if (!isErrno(error, 'EINVAL', 'ENOENT')) throw error;
      }
      await rmdir(place).catch((error: unknown) => {
        logger.debug('The place of a mount is left behind', { place, err: error });
      });
    }
  }

  async #checkShared(pool: SharedPool, signal: AbortSignal): Promise<string> {
    const { host, mountDirectory } = this.#options;
    await checkSharedPath(pool, { table: await host.mounts.list(signal), mountDirectory });
    return pool.path;
  }

  /**
   * Asks for a sign of life, whatever it says: resolves once nothing is being mounted any more, and the server as it is configured now has answered for each of its mounts. Waits
   * for as long as that takes. With nothing mounted there is nobody to ask.
   */
  async probe(): Promise<void> {
    const { pool, host, mountDirectory } = this.#options;
    while (this.isBusy) await this.#mounting.whenSettled();
    const table = await host.mounts.list(NEVER);
    const places = pool.type === 'shared' ? [pool.path] : listCurrentPlaces(mountDirectory, pool, table);
    for (const place of places) await statfs(place);
  }
}

const NEVER = new AbortController().signal;
