import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { parseObjectId } from '../domain/ids.ts';
import { isErrno } from '../host/errno.ts';
import type { Host } from '../host/host.ts';
import type { QuotaKind, TreeHandle } from '../host/quotas/quota.ts';
import type { Logger } from '../observability/logger.ts';
import { CONTENT_NAMES, RECORD_FILES, type StorePaths } from './paths.ts';
import { readRecordFile } from './record-file.ts';
import { SnapshotRecord, VolumeRecord } from './records.ts';
import type { StoreFiles } from './store-files.ts';
import { UnchangedFor } from './unchanged-for.ts';

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 10 * 60_000;
/** What others put here is theirs to remove for so long. */
const ADOPTED_AFTER_MS = 15 * 60_000;
const MOST_BETWEEN_MS = 5 * 60_000;

export interface TrashOptions {
  readonly paths: StorePaths;
  readonly host: Host;
  readonly quota: QuotaKind;
  /** Whether other programs remove things here, too. */
  readonly isShared: boolean;
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What has been removed and still occupies blocks. One entry is emptied at a time, in the background; what is left when the program ends
 * goes on at the next start.
 */
export class Trash {
  readonly #options: TrashOptions;
  readonly #stop = new AbortController();
  readonly #queue: string[] = [];
  /** What this program has taken upon itself to remove. */
  readonly #own = new Set<string>();
  readonly #unchanged: UnchangedFor;
  #running: Promise<void> | undefined;
  readonly #retries = new Set<Promise<void>>();

  constructor(options: TrashOptions) {
    this.#options = options;
    this.#unchanged = new UnchangedFor({ clock: options.clock, mostBetweenMs: MOST_BETWEEN_MS });
  }

  /** How many entries are being emptied, or wait for it. */
  get size(): number {
    return this.#queue.length + this.#retries.size + (this.#running === undefined ? 0 : 1);
  }

  /** Takes up what an earlier life left; what others left as well, who may just be removing it: that does no harm. */
  async resume(): Promise<void> {
    for (const name of await readdir(this.#options.paths.trash)) this.#enqueue(name);
  }

  /** Takes up what others have left here for long: they may have died. */
  async adopt(): Promise<void> {
    const names = await readdir(this.#options.paths.trash);
    for (const name of names) {
      if (this.#own.has(name) || this.#unchanged.look(name, '') < ADOPTED_AFTER_MS) continue;
      this.#enqueue(name);
    }
    this.#unchanged.keepOnly(names);
  }

  /**
   * Moves a directory into the trash by one rename and starts removing it. Gone already is fine. Durable once both parents are synced, which is the
   * caller's part. The label is the id of a removed object, by which a mount that it left behind is known, or the kind of what was never one.
   */
  async discard(directory: string, label: string): Promise<void> {
    const name = `${label}.${randomId(16)}`;
    const entry = join(this.#options.paths.trash, name);
    try {
      await this.#options.files.rename(directory, entry);
    } catch (error) {
      // Only the answer may have been lost.
      if (!(await isThere(entry))) {
        if (isErrno(error, 'ENOENT')) return;
        throw error;
      }
    }
    // Should it be another's, and not go back at once, it is tried again and again.
    if (this.#options.isShared && (await this.#isPutBack(name).catch(() => false))) return;
    this.#enqueue(name);
  }

  /** Stops removing, in the middle of an entry if need be. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The store is being closed.'));
    this.#queue.length = 0;
    await Promise.allSettled([this.#running, ...this.#retries]);
  }

  #enqueue(name: string): void {
    if (this.#stop.signal.aborted || this.#own.has(name)) return;
    this.#own.add(name);
    this.#queue.push(name);
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (let name = this.#queue.shift(); name !== undefined; name = this.#queue.shift()) {
      await this.#attempt(name, FIRST_RETRY_MS);
    }
  }

  async #attempt(name: string, retryMs: number): Promise<void> {
    try {
      if (!this.#options.isShared || !(await this.#isPutBack(name)))
        await this.#remove(join(this.#options.paths.trash, name));
      this.#own.delete(name);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#options.logger.warn('Something in the trash cannot be removed yet', { entry: name, err: error });
      this.#retryLater(name, retryMs);
    }
  }

  #retryLater(name: string, retryMs: number): void {
    const wait = async (): Promise<void> => {
      await this.#options.clock.sleep(retryMs, this.#stop.signal);
      await this.#attempt(name, Math.min(retryMs * 2, LAST_RETRY_MS));
    };
    const retry = wait()
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) throw error;
      })
      .finally(() => this.#retries.delete(retry));
    this.#retries.add(retry);
  }

  /**
   * Between the look at a volume and the rename of its directory others may have removed it and made another one of its name, which then came here. Its record says so,
   * before anything is removed: it goes back to its place. Throws while something else is there.
   */
  async #isPutBack(name: string): Promise<boolean> {
    const { paths, files, logger } = this.#options;
    const asked = parseObjectId(name.slice(0, name.lastIndexOf('.')));
    if (asked === undefined) return false;
    const entry = join(paths.trash, name);
    const id = await this.#findId(entry);
    const found = id === undefined ? undefined : parseObjectId(id);
    if (found === undefined || found.generation === asked.generation) return false;
    logger.warn('A volume that was made again while it was deleted goes back to its place', { id });
    try {
      await files.rename(entry, paths.objectDirectory(found.kind, found.hash));
    } catch (error) {
      if (await isThere(entry)) throw error;
    }
    return true;
  }

  async #findId(entry: string): Promise<string | undefined> {
    const subject = `the removed ${entry}`;
    const volume = { path: join(entry, RECORD_FILES.volume), schema: VolumeRecord, subject };
    const snapshot = { path: join(entry, RECORD_FILES.snapshot), schema: SnapshotRecord, subject };
    return ((await readRecordFile(volume)) ?? (await readRecordFile(snapshot)))?.id;
  }

  /** The content goes before the record, which knows its quota: an interrupted removal is repeated from what is left. */
  async #remove(entry: string): Promise<void> {
    const { quota } = this.#options;
    const signal = this.#stop.signal;
    const tree = join(entry, CONTENT_NAMES.directory);
    await rm(join(entry, CONTENT_NAMES.image), { force: true });
    const handle = await this.#findHandle(entry, tree, signal);
    if (handle !== undefined) await quota.removeTree({ path: tree, handle }, signal);
    for (const file of Object.values(RECORD_FILES)) await rm(join(entry, file), { force: true });
    try {
      await this.#options.files.removeDirectory(entry);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      await quota.removeTree({ path: entry, handle: { quota: 'none' } }, signal);
    }
  }

  /** From the record, else from the tree itself: something half built has no record. */
  async #findHandle(entry: string, tree: string, signal: AbortSignal): Promise<TreeHandle | undefined> {
    const kept = await this.#findKept(entry);
    if (kept !== undefined) {
      return kept.layout === 'directory' ? { quota: kept.quota, projectId: kept.projectId } : undefined;
    }
    const names = await readdir(entry).catch((error: unknown): string[] => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    if (!names.includes(CONTENT_NAMES.directory)) return undefined;
    const { quota, host } = this.#options;
    if (quota.name !== 'project') return { quota: quota.name };
    const { projectId } = await host.syscalls.getProject({ path: tree }, signal);
    return projectId > 0 ? { quota: 'project', projectId } : { quota: 'none' };
  }

  async #findKept(entry: string): Promise<VolumeRecord['kept'] | undefined> {
    const subject = `the removed ${entry}`;
    const volume = { path: join(entry, RECORD_FILES.volume), schema: VolumeRecord, subject };
    const snapshot = { path: join(entry, RECORD_FILES.snapshot), schema: SnapshotRecord, subject };
    try {
      return ((await readRecordFile(volume)) ?? (await readRecordFile(snapshot)))?.kept;
    } catch (error) {
      // Torn by a power cut while it was being built: the tree itself says what it needs.
      this.#options.logger.debug('A record in the trash cannot be read', { entry, err: error });
      return undefined;
    }
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
