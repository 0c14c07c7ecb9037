import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalStores } from '../../src/pools/local-stores.ts';
import { getSentence, getStore, makePoolsFixture, type PoolsFixture } from '../support/pools.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const { signal } = new AbortController();
const none = { type: 'none' } as const;

describe.skipIf(skipsRootTests())('pools that show one id', () => {
  let fixture: PoolsFixture;
  beforeEach(async () => {
    fixture = await makePoolsFixture(signal);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** Lets pools be tried again until one is open; its id. */
  const untilOpen = async (stores: LocalStores, name: string): Promise<string> => {
    const isOpen = (): boolean => {
      fixture.clock.wake();
      return stores.list().some(({ poolName, state }) => poolName === name && 'store' in state);
    };
    await expect.poll(isOpen, { timeout: 10_000 }).toBe(true);
    return getStore(stores, name).poolId;
  };

  it('are used again once the copy is gone, although its place is configured still', async () => {
    const [pool, copy] = [fixture.createPool('pool', none), fixture.createPool('copy', none)];
    await mkdir(pool.path);
    const first = await fixture.open([pool]);
    const { poolId } = getStore(first);
    await first.close();
    await exec('cp', ['-a', pool.path, copy.path]);
    const stores = await fixture.open([pool, copy]);
    for (const name of ['pool', 'copy']) {
      await expect.poll(() => getSentence(stores, name), { timeout: 10_000 }).toMatch(/have the same id/);
    }

    await rm(copy.path, { recursive: true });

    expect(await untilOpen(stores, 'pool')).toBe(poolId);
    await expect.poll(() => getSentence(stores, 'copy'), { timeout: 10_000 }).toMatch(/does not exist/);
  });

  it('because one of them has the former name of the other are none that do', async () => {
    const pool = fixture.createPool('pool', none);
    const place = fixture.createPool('place', none);
    await mkdir(pool.path);
    await mkdir(place.path);
    const first = await fixture.open([pool]);
    const { poolId } = getStore(first);
    await first.close();

    const stores = await fixture.open([
      { ...place, name: 'pool' },
      { ...pool, name: 'renamed' },
    ]);

    expect(await untilOpen(stores, 'renamed')).toBe(poolId);
    expect(await untilOpen(stores, 'pool')).not.toBe(poolId);
  });
});
