import { mkdir, readdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { hashName, randomId } from '../base/ids.ts';
import type { ObjectId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import type { Logger } from '../observability/logger.ts';
import type { StorePaths } from './paths.ts';
import type { Trash } from './trash.ts';

const LEASE_RENEWAL_MS = 60_000;
/** What another node builds here is left alone until its lease is this old. */
const LEASE_MS = 15 * 60_000;

/** A directory in which an object is being built. */
export interface StagedObject extends AsyncDisposable {
  readonly directory: string;
  /** Goes into the record; tells whose object is at the final name. */
  readonly nonce: string;
  /** The directory has its final name now: there is nothing left to discard. */
  markCommitted(): void;
}

/** Name of a directory in staging/ that the next start of this node sweeps. */
export function toStagingName(kind: ObjectId['kind'], nodeName: string, nonce = randomId(26)): string {
  return `${kind}.${toOwner(nodeName)}.${nonce}`;
}

function toOwner(nodeName: string): string {
  return hashName(nodeName).slice(0, 8);
}

export interface StagingOptions {
  readonly paths: StorePaths;
  readonly nodeName: string;
  readonly trash: Pick<Trash, 'discard'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where objects are built before they exist: directories named `<kind>.<owner>.<nonce>`, whose modification time is the lease. What is
 * disposed without a commit goes to the trash.
 */
export class Staging {
  readonly #options: StagingOptions;
  readonly #owner: string;
  /** What could not be discarded, with its kind. */
  readonly #leftovers = new Map<string, ObjectId['kind']>();

  constructor(options: StagingOptions) {
    this.#options = options;
    this.#owner = toOwner(options.nodeName);
  }

  /** A new directory, whose lease is renewed until it is disposed. */
  async open(kind: ObjectId['kind']): Promise<StagedObject> {
    // Of a copy: what fails again is put back.
    for (const [left, kindLeft] of new Map(this.#leftovers)) await this.#discard(left, kindLeft);
    const nonce = randomId(26);
    const directory = join(this.#options.paths.staging, toStagingName(kind, this.#options.nodeName, nonce));
    await mkdir(directory, { mode: 0o700 });
    const renewal = setInterval(() => void this.#renew(directory), LEASE_RENEWAL_MS).unref();
    let isCommitted = false;
    return {
      directory,
      nonce,
      markCommitted: () => {
        isCommitted = true;
      },
      [Symbol.asyncDispose]: async () => {
        clearInterval(renewal);
        if (!isCommitted) await this.#discard(directory, kind);
      },
    };
  }

  /** Discards what an earlier life of this node left, and what other nodes left whose lease has run out. Returns how many. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (const name of await readdir(this.#options.paths.staging)) {
      const [kind = '', owner = ''] = name.split('.');
      const directory = join(this.#options.paths.staging, name);
      if (owner !== this.#owner && !(await this.#hasExpired(directory))) continue;
      await this.#options.trash.discard(directory, kind === 'snapshot' ? 'snapshot' : 'volume');
      swept += 1;
    }
    return swept;
  }

  /** Never throws, so that the error that ended the work is the one that shows. What cannot be discarded now is with the next object, or at the next start. */
  async #discard(directory: string, kind: ObjectId['kind']): Promise<void> {
    this.#leftovers.delete(directory);
    try {
      await this.#options.trash.discard(directory, kind);
    } catch (error) {
      this.#leftovers.set(directory, kind);
      this.#options.logger.warn('Something staged cannot be discarded yet', { directory, err: error });
    }
  }

  async #hasExpired(directory: string): Promise<boolean> {
    try {
      const { mtimeMs } = await stat(directory);
      return this.#options.clock.now() - mtimeMs > LEASE_MS;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  async #renew(directory: string): Promise<void> {
    const now = new Date(this.#options.clock.now());
    try {
      await utimes(directory, now, now);
    } catch (error) {
      // Gone with the commit that has just happened; anything else will show when the object is committed.
      if (!isErrno(error, 'ENOENT')) {
        this.#options.logger.warn('The lease of something staged cannot be renewed', {
          directory,
          err: error,
        });
      }
    }
  }
}

/**
 * Gives a staged directory its final name. Who won a race for it is read from the nonce at the target, never from the error: returns
 * false when somebody else's object is there. Throws the rename's error when nothing is.
 */
export async function commitRename(
  staged: StagedObject,
  target: string,
  readNonce: () => Promise<string | undefined>,
): Promise<boolean> {
  try {
    await rename(staged.directory, target);
    return true;
  } catch (error) {
    const winner = await readNonce();
    if (winner === undefined) throw error;
    return winner === staged.nonce;
  }
}
