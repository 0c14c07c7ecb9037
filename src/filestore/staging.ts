import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import type { ObjectId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import type { Logger } from '../observability/logger.ts';
import type { StorePaths } from './paths.ts';
import { ensureOwnDirectory } from './record-lease.ts';
import { parseStagingName, toOwner, toStagingName } from './staging-names.ts';
import type { StoreFiles } from './store-files.ts';
import type { Trash } from './trash.ts';
import { UnchangedFor } from './unchanged-for.ts';

const LEASE_RENEWAL_MS = 60_000;
/** What another node left in a pool that is not shared is left alone until it is this old. */
const LEASE_MS = 15 * 60_000;
/** What another node of a shared pool builds is left alone until it has not been renewed for so long. */
const SHARED_LEASE_MS = 5 * LEASE_RENEWAL_MS;

/** A directory in which an object is being built. */
export interface StagedObject extends AsyncDisposable {
  readonly directory: string;
  /** Goes into the record; tells whose object is at the final name. */
  readonly nonce: string;
  /** The directory has its final name now: there is nothing left to discard. */
  markCommitted(): void;
}

export interface StagingOptions {
  readonly paths: StorePaths;
  readonly nodeName: string;
  /** Whether other programs build here, too. */
  readonly isShared: boolean;
  readonly files: StoreFiles;
  readonly trash: Pick<Trash, 'discard'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Where objects are built before they exist, in directories whose modification time is renewed again and again: the lease. What is
 * disposed without a commit goes to the trash.
 */
export class Staging {
  readonly #options: StagingOptions;
  readonly #owner: string;
  /** What could not be discarded, with its kind. */
  readonly #leftovers = new Map<string, ObjectId['kind']>();
  /** Names of what this program builds now. */
  readonly #own = new Set<string>();
  readonly #unchanged: UnchangedFor;

  constructor(options: StagingOptions) {
    this.#options = options;
    this.#owner = toOwner(options.nodeName);
    this.#unchanged = new UnchangedFor({ clock: options.clock, mostBetweenMs: 2 * LEASE_RENEWAL_MS });
  }

  /** A new directory, whose lease is renewed until it is disposed. The hash is that of what is made, if it is to have a name. */
  async open(kind: ObjectId['kind'], hash?: string): Promise<StagedObject> {
    // Of a copy: what fails again is put back.
    for (const [left, kindLeft] of new Map(this.#leftovers)) await this.#discard(left, kindLeft);
    const nonce = randomId(26);
    const { nodeName, paths, files } = this.#options;
    const name = toStagingName(kind, nodeName, hash === undefined ? { nonce } : { nonce, hash });
    const directory = join(paths.staging, name);
    this.#own.add(name);
    await ensureOwnDirectory(files, directory);
    const stop = new AbortController();
    const renewing = this.#keepRenewing(directory, stop.signal);
    let isCommitted = false;
    return {
      directory,
      nonce,
      markCommitted: () => {
        isCommitted = true;
      },
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await renewing;
        if (!isCommitted) await this.#discard(directory, kind);
        this.#own.delete(name);
      },
    };
  }

  /** Discards what an earlier life of this node left, and what other nodes left whose lease has run out. For the start: nothing is built yet. Returns how many. */
  async sweep(): Promise<number> {
    return await this.#sweep(async (name) => {
      return parseStagingName(name).owner === this.#owner || (await this.#hasExpired(name));
    });
  }

  /** Discards what nobody has renewed for long, whoever left it. Returns how many. */
  async sweepExpired(): Promise<number> {
    return await this.#sweep(async (name) => !this.#own.has(name) && (await this.#hasExpired(name)));
  }

  /** Whether another node makes the object with this hash now, and renews its lease. */
  async isMadeElsewhere(kind: ObjectId['kind'], hash: string): Promise<boolean> {
    for (const name of await readdir(this.#options.paths.staging)) {
      const parsed = parseStagingName(name);
      if (parsed.kind !== kind || parsed.hash !== hash || parsed.owner === this.#owner) continue;
      if ((await this.#findLeaseAgeMs(name)) < SHARED_LEASE_MS) return true;
    }
    return false;
  }

  async #sweep(isOver: (name: string) => Promise<boolean>): Promise<number> {
    let swept = 0;
    const names = await readdir(this.#options.paths.staging);
    for (const name of names) {
      if (!(await isOver(name))) continue;
      const { kind } = parseStagingName(name);
      const directory = join(this.#options.paths.staging, name);
      await this.#options.trash.discard(directory, kind === 'snapshot' ? 'snapshot' : 'volume');
      swept += 1;
    }
    this.#unchanged.keepOnly(names);
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

  /** In a shared pool nobody's clock says so: those of the nodes, and of a server, may differ. */
  async #hasExpired(name: string): Promise<boolean> {
    if (this.#options.isShared) return (await this.#findLeaseAgeMs(name)) >= SHARED_LEASE_MS;
    const mtimeMs = await this.#findRenewal(name);
    return mtimeMs !== undefined && this.#options.clock.now() - mtimeMs > LEASE_MS;
  }

  /** For how long it has certainly not been renewed. */
  async #findLeaseAgeMs(name: string): Promise<number> {
    const mtimeMs = await this.#findRenewal(name);
    return mtimeMs === undefined ? 0 : this.#unchanged.look(name, String(mtimeMs));
  }

  async #findRenewal(name: string): Promise<number | undefined> {
    try {
      return (await stat(join(this.#options.paths.staging, name))).mtimeMs;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #keepRenewing(directory: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      // Rejects only when it is aborted.
      await clock.sleep(LEASE_RENEWAL_MS, signal).catch(() => undefined);
      if (!signal.aborted) await this.#renew(directory);
    }
  }

  async #renew(directory: string): Promise<void> {
    try {
      await this.#options.files.touch(directory, new Date(this.#options.clock.now()));
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

/** What has become of a commit: `gone` when neither the staged directory nor anything at its final name is there any more. */
export type CommitOutcome = 'ours' | 'theirs' | 'gone';

/**
 * Gives a staged directory its final name. Who won a race for it is read from the nonce at the target, never from the error. When nothing is there,
 * others have removed what was committed, or swept what was being built. Throws the rename's error when the staged directory is still in its place.
 */
export async function commitRename(
  files: Pick<StoreFiles, 'rename'>,
  staged: Pick<StagedObject, 'directory' | 'nonce'>,
  target: string,
  readNonce: () => Promise<string | undefined>,
): Promise<CommitOutcome> {
  try {
    await files.rename(staged.directory, target);
    return 'ours';
  } catch (error) {
    const winner = await readNonce();
    if (winner !== undefined) return winner === staged.nonce ? 'ours' : 'theirs';
    if (!isErrno(error, 'ENOENT') || (await isThere(staged.directory))) throw error;
    return 'gone';
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
