import { describe, expect, it } from 'vitest';
import type { PoolInstance } from '../pools/registry.ts';
import { formatAge, renderPoolsJson, renderPoolsTable } from './pools-table.ts';

const GiB = 1024 ** 3;
const OPEN: PoolInstance = {
  driver: 'hostpath.stowage.dev',
  poolName: 'ssd',
  nodeName: 'node-b',
  poolId: 'bbbbbbbb',
  onNodeLoss: { action: 'keep' },
  firstSeen: new Date(0),
  lastSeen: new Date(1_000_000),
  condition: 'open',
  room: {
    totalBytes: 100 * GiB,
    freeBytes: 80 * GiB,
    promisedBytes: 30 * GiB,
    availableBytes: 69.5 * GiB,
  },
  release: undefined,
};
const LOST: PoolInstance = {
  ...OPEN,
  poolName: 'hdd',
  nodeName: 'node-a',
  poolId: 'aaaaaaaa',
  room: undefined,
  condition: 'silent',
  release: { at: new Date(0), by: 'operator', isReturning: false },
};

describe('the pools that are listed', () => {
  it('have a line each, by node', () => {
    expect(renderPoolsTable([OPEN, LOST], 1_030_000)).toBe(
      `POOL  NODE    ID        STATE      SIZE   FREE  AVAILABLE  LAST SEEN
hdd   node-a  aaaaaaaa  Forgotten  -      -     -          30s
ssd   node-b  bbbbbbbb  Open       100Gi  80Gi  69.5Gi     30s
`,
    );
  });

  it('are told with their driver where there are several', () => {
    expect(renderPoolsTable([{ ...OPEN, driver: 'nfs' }, LOST], 1_030_000)).toBe(
      `DRIVER                POOL  NODE    ID        STATE      SIZE   FREE  AVAILABLE  LAST SEEN
hostpath.stowage.dev  hdd   node-a  aaaaaaaa  Forgotten  -      -     -          30s
nfs                   ssd   node-b  bbbbbbbb  Open       100Gi  80Gi  69.5Gi     30s
`,
    );
  });

  it('are none, in words', () => {
    expect(renderPoolsTable([], 0)).toBe('No pool is registered.\n');
  });

  it('are whole for programs', () => {
    expect(JSON.parse(renderPoolsJson([OPEN, LOST]))).toMatchObject([
      { poolId: 'aaaaaaaa', state: 'Forgotten', release: { by: 'operator' } },
      {
        poolId: 'bbbbbbbb',
        state: 'Open',
        lastSeen: '1970-01-01T00:16:40.000Z',
        room: { totalBytes: 100 * GiB },
      },
    ]);
  });

  it.each<[Partial<PoolInstance>, string]>([
    [{ condition: 'unavailable' }, 'Unavailable'],
    [{ condition: 'silent' }, 'Silent'],
    [{ release: { at: new Date(0), by: 'policy', isReturning: false } }, 'Released'],
    [{ release: { at: new Date(0), by: 'policy', isReturning: true } }, 'Returning'],
  ])('say how they are: %j', (change, word) => {
    expect(renderPoolsTable([{ ...OPEN, ...change }], 0)).toContain(`  ${word}  `);
  });

  it.each([
    [-5, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
  ])('were seen %d ms ago: %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
