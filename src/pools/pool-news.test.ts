import { describe, expect, it } from 'vitest';
import { PoolNewsDesk } from './pool-news.ts';
import type { PoolInstance } from './registry.ts';

const at = new Date('2026-01-01T00:00:00Z');

function roomOf(availableBytes: number): PoolInstance['room'] {
  return {
    totalBytes: 1000,
    freeBytes: availableBytes,
    promisedBytes: 1000 - availableBytes,
    availableBytes,
  };
}

const OPEN: PoolInstance = {
  driver: 'hostpath.stowage.dev',
  poolName: 'ssd',
  nodeName: 'node-a',
  poolId: 'poolaaaa',
  onNodeLoss: { action: 'keep' },
  firstSeen: at,
  lastSeen: at,
  condition: 'open',
  room: roomOf(500),
  release: undefined,
};
const SILENT: PoolInstance = { ...OPEN, condition: 'silent' };
const RELEASED: PoolInstance = { ...SILENT, release: { at, by: 'policy', isReturning: false } };
const RETURNING: PoolInstance = { ...RELEASED, release: { at, by: 'policy', isReturning: true } };

function reasonsFor(...states: readonly PoolInstance[]): readonly string[] {
  const desk = new PoolNewsDesk(OPEN.driver);
  return states.flatMap((state) => desk.look([state])).map(({ type, reason }) => `${type} ${reason}`);
}

describe('news of pools', () => {
  it('are what has changed, and not what was there from the start', () => {
    const desk = new PoolNewsDesk(OPEN.driver);

    expect(desk.look([SILENT])).toEqual([]);
    expect(desk.look([SILENT])).toEqual([]);
    expect(desk.look([OPEN])).toEqual([
      {
        poolId: 'poolaaaa',
        type: 'Normal',
        reason: 'PoolOpen',
        message: 'Pool ssd on node node-a can be used again.',
      },
    ]);
  });

  it('say once that a pool does not enforce sizes, also when it never did', () => {
    const desk = new PoolNewsDesk(OPEN.driver);
    const unenforced = new Set([OPEN.poolId]);
    const look = (instance: PoolInstance, these = unenforced): readonly string[] =>
      desk.look([instance], these).map(({ reason }) => reason);

    expect(look(OPEN)).toEqual(['SizesNotEnforced']);
    expect(look(OPEN)).toEqual([]);
    expect(look(SILENT, new Set())).toEqual(['PoolSilent']);
    expect(look(OPEN)).toEqual(['PoolOpen']);
    expect(look(OPEN, new Set())).toEqual([]);
    expect(look(OPEN)).toEqual(['SizesNotEnforced']);
  });

  it.each<[string, readonly PoolInstance[], readonly string[]]>([
    ['silent', [OPEN, SILENT], ['Warning PoolSilent']],
    ['unavailable', [OPEN, { ...OPEN, condition: 'unavailable' }], ['Warning PoolUnavailable']],
    ['released', [SILENT, RELEASED], ['Warning PoolReleased']],
    ['returning', [RELEASED, RETURNING], ['Normal PoolReturning']],
    ['back', [RETURNING, OPEN], ['Normal PoolBack']],
    ['new', [OPEN], []],
  ])('tell that one is %s', (_what, states, reasons) => {
    expect(reasonsFor(...states)).toEqual(reasons);
  });

  it('tell that one is almost full once, until it has been emptied a good deal', () => {
    const levels = [500, 99, 50, 120, 90, 200, 80];

    const reasons = reasonsFor(...levels.map((level) => ({ ...OPEN, room: roomOf(level) })));

    expect(reasons).toEqual(['Warning PoolAlmostFull', 'Warning PoolAlmostFull']);
  });

  it('do not tell of a pool that was almost full from the start, or whose room is unknown', () => {
    const full = { ...OPEN, room: roomOf(10) };

    expect(reasonsFor(full, full, { ...OPEN, room: undefined })).toEqual([]);
  });

  it('leave pools of other drivers, which share the registry, to those', () => {
    const other = { ...OPEN, driver: 'other.stowage.dev' };

    expect(reasonsFor(other, { ...other, condition: 'silent' })).toEqual([]);
  });

  it('forget pools that are gone', () => {
    const desk = new PoolNewsDesk(OPEN.driver);
    desk.look([OPEN]);
    desk.look([]);

    expect(desk.look([SILENT])).toEqual([]);
  });
});
