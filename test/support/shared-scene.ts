import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isDriverError } from '../../src/domain/errors.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import type { VolumeRecord } from '../../src/filestore/records.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import type { LocalStoreFixture } from '../contract/file-store-local.ts';
import { createFastClock } from './fast-clock.ts';
import type { SeededRandom } from './seeded-random.ts';
import { KilledError, openWorker, type SharedWorker } from './shared-workers.ts';

const signal = AbortSignal.timeout(600_000);
const YEAR_MS = 365 * 86_400_000;
const FACTOR = 300;
const ALL = { maxEntries: 0, startingToken: undefined };
const directory = { layout: 'directory', quota: 'none' } as const;

/** What clients of the pool know for certain. */
interface Known {
  readonly name: string;
  sizeBytes: number;
  isDeleteAsked: boolean;
  isDeleted: boolean;
}

/** Clients of two nodes that work on one pool, one of which dies now and then, over a network that loses answers; and what they know. */
export class SharedScene {
  readonly #fixture: LocalStoreFixture;
  readonly #random: SeededRandom;
  readonly #known = new Map<string, Known>();
  readonly #replaced = new Set<SharedWorker>();
  #workers: readonly SharedWorker[] = [];
  #nodes = 0;
  readonly #broken: string[] = [];

  constructor(fixture: LocalStoreFixture, random: SeededRandom) {
    this.#fixture = fixture;
    this.#random = random;
  }

  async openWorkers(): Promise<void> {
    this.#workers = [await this.#openWorker(), await this.#openWorker()];
  }

  async runClient(calls: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) {
      const worker = this.#random.pick(this.#workers);
      if (this.#random.chance(0.05)) worker.dieAfter(this.#random.between(0, 6));
      try {
        await this.#call(worker.store);
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
      await this.#replaceIfDead(worker);
    }
  }

  /** What was not kept, in sentences: of what was answered, and of what a node that has seen nothing of it finds on the disk. */
  async listBroken(): Promise<readonly string[]> {
    const { store, paths } = this.#fixture;
    const { entries } = await store.listVolumes(ALL, signal);
    const directories = await readdir(paths.volumes);
    this.#hold(
      directories.length === entries.length,
      `${directories.length} directories, ${entries.length} volumes`,
    );
    for (const volume of entries) await this.#lookAtDisk(store, volume);
    for (const id of this.#known.keys()) await this.#look(store, id);
    return this.#broken;
  }

  async #lookAtDisk(store: LocalFileStore, volume: VolumeRecord): Promise<void> {
    const { id, capacityBytes, kept } = volume;
    const health = await store.getVolumeHealth({ id }, signal);
    this.#hold(health.length === 0, `${id} is not healthy: ${JSON.stringify(health)}`);
    const { path } = await store.locate({ id }, signal);
    const names = (await readdir(dirname(path))).toSorted().join();
    this.#hold(names === `${basename(path)},volume.json`, `${id} has ${names}`);
    const isLarge = kept.layout === 'directory' || (await stat(path)).size >= capacityBytes;
    this.#hold(isLarge, `the image of ${id} is smaller than ${capacityBytes}`);
  }

  #hold(isKept: boolean, sentence: string): void {
    if (!isKept) this.#broken.push(sentence);
  }

  async #call(store: LocalFileStore): Promise<void> {
    const name = this.#random.pick(['directory-1', 'directory-2', 'image-1', 'image-2']);
    const choice = this.#random.between(0, 9);
    if (choice < 4) return await this.#create(store, name);
    const ids = [...this.#known].filter(([, { isDeleted }]) => !isDeleted).map(([id]) => id);
    if (ids.length === 0) return;
    const id = this.#random.pick(ids);
    if (choice < 7) await this.#expand(store, id);
    else if (choice < 8) await this.#delete(store, id);
    else if (choice < 9) await this.#clone(store, id);
    else await this.#look(store, this.#random.pick([...this.#known.keys()]));
  }

  async #create(store: LocalFileStore, name: string): Promise<void> {
    const certain = [...this.#known].filter(([, known]) => known.name === name && !known.isDeleteAsked);
    const kind = name.startsWith('image') ? ({ layout: 'image' } as const) : directory;
    const { id, capacityBytes } = await store.createVolume(toRequest(name, kind), signal);
    for (const [before, known] of certain)
      this.#hold(known.isDeleteAsked || id === before, `${name} is ${before}, and ${id} as well`);
    this.#hold(this.#known.get(id)?.isDeleted !== true, `${id} is back`);
    const known = this.#known.get(id);
    if (known === undefined)
      this.#known.set(id, { name, sizeBytes: capacityBytes, isDeleteAsked: false, isDeleted: false });
  }

  /** Often by two nodes at once. */
  async #expand(store: LocalFileStore, id: string): Promise<void> {
    const others = this.#workers.map((worker) => worker.store).filter(() => this.#random.chance(0.5));
    const outcomes = await Promise.allSettled(
      [store, ...others].map(async (each) => {
        const range = { requiredBytes: this.#random.between(17, 64) * MiB, limitBytes: undefined };
        const { capacityBytes } = await each.expandVolume({ id, range }, signal);
        this.#hold(capacityBytes >= range.requiredBytes, `${id} has ${capacityBytes} after an expansion`);
        const known = this.#known.get(id);
        if (known !== undefined) known.sizeBytes = Math.max(known.sizeBytes, capacityBytes);
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected' && !isExpected(outcome.reason)) throw outcome.reason;
    }
  }

  async #delete(store: LocalFileStore, id: string): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.isDeleteAsked = true;
    await store.deleteVolume({ id }, signal);
    known.isDeleted = true;
  }

  /** A volume with a name of its own, made from one that others may remove meanwhile. */
  async #clone(store: LocalFileStore, id: string): Promise<void> {
    const kind =
      this.#known.get(id)?.name.startsWith('image') === true ? { layout: 'image' as const } : directory;
    const name = `clone-${this.#random.between(0, 1_000_000)}`;
    const request = toRequest(name, { ...kind, range: undefined, source: { kind: 'volume', id } });
    const clone = await store.createVolume(request, signal);
    await store.deleteVolume({ id: clone.id }, signal);
  }

  async #look(store: LocalFileStore, id: string): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined) return;
    const { isDeleted, sizeBytes } = known;
    const found = await store.findVolume({ id }, signal);
    this.#hold(!isDeleted || found === undefined, `${id} is there after it was deleted`);
    if (found === undefined) this.#hold(known.isDeleteAsked, `${id} is gone`);
    else this.#hold(found.capacityBytes >= sizeBytes, `${id} has ${found.capacityBytes}, not ${sizeBytes}`);
  }

  async #openWorker(): Promise<SharedWorker> {
    this.#nodes += 1;
    const skewMs = this.#random.between(-YEAR_MS / 1000, YEAR_MS / 1000) * 1000;
    const clock = createFastClock({ factor: FACTOR, skewMs });
    const nodeName = `worker-${this.#nodes}`;
    return await openWorker(this.#fixture, { nodeName, clock, random: this.#random, lossProbability: 0.2 });
  }

  /** What has died is not closed: its leases have to run out. */
  async #replaceIfDead(worker: SharedWorker): Promise<void> {
    if (!worker.isDead || this.#replaced.has(worker)) return;
    this.#replaced.add(worker);
    const successor = await this.#openWorker();
    this.#workers = this.#workers.map((each) => (each === worker ? successor : each));
  }
}

function isExpected(error: unknown): boolean {
  return (
    error instanceof KilledError ||
    isDriverError(error, 'OPERATION_PENDING') ||
    isDriverError(error, 'VOLUME_NOT_FOUND') ||
    isDriverError(error, 'VOLUME_INCOMPATIBLE')
  );
}
