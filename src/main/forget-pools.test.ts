import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRegistry } from '../../test/support/memory-registry.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import { type ForgetOptions, forgetPools } from './forget-pools.ts';

const { signal } = new AbortController();
const HOUR = 3_600_000;

describe('forgetting', () => {
  let registry: PoolRegistry;
  beforeEach(async () => {
    registry = createMemoryRegistry({ now: () => 0 }).open();
    const seen = { driver: 'd', nodeName: 'node-1', onNodeLoss: { action: 'keep' } } as const;
    const room = { totalBytes: 2 ** 40, freeBytes: 0, promisedBytes: 2 ** 39, availableBytes: 0 };
    await registry.record({ ...seen, poolName: 'ssd', poolId: 'aaaaaaaa', condition: 'open', room }, signal);
    await registry.record(
      { ...seen, poolName: 'hdd', poolId: 'bbbbbbbb', condition: 'unavailable', room: undefined },
      signal,
    );
    await registry.record(
      { ...seen, nodeName: 'node-2', poolName: 'ssd', poolId: 'cccccccc', condition: 'open', room },
      signal,
    );
  });

  const forget = async (options: Partial<ForgetOptions>): Promise<string> =>
    await forgetPools(
      registry,
      { target: { node: 'node-1' }, force: false, yes: true, nowMs: HOUR, ...options },
      signal,
    );
  const listForgotten = async (): Promise<readonly string[]> =>
    (await registry.list(signal))
      .filter(({ release }) => release?.by === 'operator')
      .map(({ poolId }) => poolId);

  it('a node gives up all of its pools, and no others', async () => {
    expect(await forget({})).toMatch(/Done\.\n$/);
    expect(await listForgotten()).toEqual(['aaaaaaaa', 'bbbbbbbb']);
    expect(await forget({})).toBe('All of it is forgotten already.\n');
  });

  it('a pool gives up that one', async () => {
    await forget({ target: { poolId: 'bbbbbbbb' } });

    expect(await listForgotten()).toEqual(['bbbbbbbb']);
  });

  it('says what will be lost, how to undo it, and does nothing without --yes', async () => {
    const said = await forget({ yes: false });

    expect(said).toContain('ssd on node node-1 (aaaaaaaa), last seen 60m ago, 512Gi promised to volumes');
    expect(said).toContain('To undo it, bring the disks back');
    expect(said).toMatch(/Nothing is done yet: say the same with --yes\.\n$/);
    expect(await listForgotten()).toEqual([]);
  });

  it.each<[string, Partial<ForgetOptions>]>([
    ['a node of which something was heard', {}],
    ['a pool that is open', { target: { poolId: 'aaaaaaaa' } }],
  ])('is refused for %s a minute ago, unless it is forced', async (_, options) => {
    const nowMs = 60_000;
    await expect(forget({ ...options, nowMs })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('--force'),
    });
    expect(await listForgotten()).toEqual([]);

    await forget({ ...options, nowMs, force: true });
    expect(await listForgotten()).toContain('aaaaaaaa');
  });

  it('a pool whose disk is gone needs no force although its node is alive', async () => {
    await forget({ target: { poolId: 'bbbbbbbb' }, nowMs: 60_000 });

    expect(await listForgotten()).toEqual(['bbbbbbbb']);
  });

  it('a pool of all nodes is told of as such', async () => {
    const seen = { driver: 'd', nodeName: 'any/web', onNodeLoss: { action: 'keep' } } as const;
    const place = { poolName: 'web', poolId: 'dddddddd', condition: 'open', room: undefined } as const;
    await registry.record({ ...seen, ...place }, signal);

    const said = await forget({ target: { poolId: 'dddddddd' } });

    expect(said).toContain('web on storage that all nodes reach (dddddddd)');
  });

  it('makes a release by policy one by an operator', async () => {
    await registry.release({ poolId: 'aaaaaaaa', by: 'policy' }, signal);
    await forget({ target: { poolId: 'aaaaaaaa' } });

    expect(await listForgotten()).toEqual(['aaaaaaaa']);
  });

  it.each([{ node: 'node-9' }, { poolId: 'zzzzzzzz' }])(
    'of what nobody knows is refused: %j',
    async (target) => {
      await expect(forget({ target })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});
