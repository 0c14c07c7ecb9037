import type { Clock } from '../../src/base/clock.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import type { OpenStoreOptions } from '../../src/filestore/open-store.ts';
import type { LocalStoreFixture } from '../contract/file-store-local.ts';
import { createLossyFiles } from './lossy-files.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What a call of a program that was killed ends with, which nobody would see. */
export class KilledError extends Error {
  override readonly name = 'KilledError';
}

/** A program that works on a pool that others work on, too. */
export interface SharedWorker {
  readonly store: LocalFileStore;
  /** From now on: after so many calls that change something nothing that it asks for happens any more, as if it had been killed. */
  dieAfter(calls: number): void;
  readonly isDead: boolean;
}

/** Opens a pool on another node, whose clock is its own, over a network that loses so many answers. */
export async function openWorker(
  fixture: LocalStoreFixture,
  worker: {
    readonly nodeName: string;
    readonly clock: Clock;
    readonly random: SeededRandom;
    readonly lossProbability: number;
  },
  overrides: Partial<OpenStoreOptions> = {},
): Promise<SharedWorker> {
  const { nodeName, clock, random, lossProbability } = worker;
  let left = Number.POSITIVE_INFINITY;
  const files = createLossyFiles((call, path) => {
    if (left <= 0) throw new KilledError(`killed before ${call} of ${path}`);
    left -= 1;
    return random.chance(lossProbability) ? 'answer-lost' : 'answered';
  });
  const locks = new KeyedLock();
  const own = { isShared: true, nodeName, clock, files, locks };
  const store = await fixture.openAnother({ ...own, ...overrides });
  return {
    store,
    dieAfter(calls) {
      left = Math.min(left, calls);
    },
    get isDead() {
      return left <= 0;
    },
  };
}
