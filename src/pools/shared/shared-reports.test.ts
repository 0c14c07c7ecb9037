import { describe, expect, it } from 'vitest';
import { DriverError } from '../../domain/errors.ts';
import type { PoolReports, ReportedPool } from '../pool-reports.ts';
import { isSharedPlace, toSharedPlace } from './shared-place.ts';
import { shareReports } from './shared-reports.ts';

const never = new AbortController().signal;
const DRIVER = 'nfs.stowage.dev';
const ROOM = { totalBytes: 4, freeBytes: 3, promisedBytes: 1, availableBytes: 3 };
const AWAITING = { kind: 'awaiting' } as const;
const UNAVAILABLE = { kind: 'unavailable' } as const;
const open = (room?: typeof ROOM): ReportedPool['state'] => ({ kind: 'open', room });

function toPool(poolId: string | undefined, state: ReportedPool['state'], driver = DRIVER): ReportedPool {
  return { name: 'web', poolId, driver, state, settings: { releaseAfterSeconds: undefined } };
}

/** What nodes say, and which of them are told something. `refuses`: the node that does not let itself be told. */
function share(nodes: Readonly<Record<string, ReportedPool>>, refuses?: string) {
  const admitted: string[] = [];
  const reports: PoolReports = {
    list: () => Object.entries(nodes).map(([nodeName, pool]) => ({ nodeName, pools: [pool] })),
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    async admit({ nodeName, knownPoolId }) {
      await Promise.resolve();
      if (nodeName === refuses) throw new DriverError('PRECONDITION_FAILED', `${nodeName} has another one.`);
      admitted.push(`${nodeName}: ${knownPoolId ?? 'new'}`);
    },
  };
  const shared = shareReports(reports, DRIVER);
  return {
    shared,
    admitted,
    admit: async (knownPoolId?: string) =>
      await shared.admit(
        { driver: DRIVER, nodeName: toSharedPlace('web'), poolName: 'web', knownPoolId, clusterId: 'c' },
        never,
      ),
  };
}

describe('what agents say of a pool that they share', () => {
  it('is said by one place of its own, which no node can be', () => {
    const { shared } = share({ a: toPool('aaaaaaaa', open()), b: toPool('aaaaaaaa', open()) });

    expect(shared.list().map(({ nodeName }) => nodeName)).toEqual(['any/web']);
    expect(isSharedPlace('any/web')).toBe(true);
    expect(isSharedPlace('anyone')).toBe(false);
  });

  it('leaves out pools of other drivers', () => {
    const { shared } = share({ a: toPool('aaaaaaaa', open(), 'hostpath.stowage.dev') });

    expect(shared.list()).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, ReportedPool>>, readonly ReportedPool[]]>([
    [
      'open when one has it open, with the room that somebody knows',
      {
        a: toPool('aaaaaaaa', UNAVAILABLE),
        b: toPool('aaaaaaaa', open()),
        c: toPool('aaaaaaaa', open(ROOM)),
      },
      [toPool('aaaaaaaa', open(ROOM))],
    ],
    [
      'unavailable with the id that one remembers, when none has it open',
      { a: toPool(undefined, UNAVAILABLE), b: toPool('aaaaaaaa', UNAVAILABLE) },
      [toPool('aaaaaaaa', UNAVAILABLE)],
    ],
    ['awaiting when that is all', { a: toPool(undefined, AWAITING) }, [toPool(undefined, AWAITING)]],
    [
      'open and awaiting when some wait while others have it open',
      { a: toPool('aaaaaaaa', AWAITING), b: toPool('aaaaaaaa', open()) },
      [toPool('aaaaaaaa', open()), toPool(undefined, AWAITING)],
    ],
    [
      'unavailable when two have different ones open, whichever knows its room',
      { a: toPool('aaaaaaaa', open()), b: toPool('bbbbbbbb', open(ROOM)) },
      [toPool(undefined, UNAVAILABLE)],
    ],
  ])('is %s', (_, nodes, expected) => {
    expect(share(nodes).shared.list()[0]?.pools).toEqual(expected);
  });
});

describe('a word for a shared pool', () => {
  it('that is new goes to one agent, the same in whatever order they are listed', async () => {
    const waiting = toPool(undefined, AWAITING);
    const one = share({ a: waiting, b: waiting, c: waiting });
    const other = share({ c: waiting, b: waiting, a: waiting });

    await one.admit();
    await other.admit();

    expect(one.admitted).toHaveLength(1);
    expect(other.admitted).toEqual(one.admitted);
  });

  it('makes no new one where somebody has it open by now', async () => {
    const { admit, admitted } = share({ a: toPool(undefined, AWAITING), b: toPool('aaaaaaaa', open()) });

    await admit();

    expect(admitted).toEqual(['b: new']);
  });

  it('that is known goes to all that wait', async () => {
    const waiting = toPool(undefined, AWAITING);
    const { admit, admitted } = share({ a: waiting, b: toPool('aaaaaaaa', UNAVAILABLE), c: waiting });

    await admit('aaaaaaaa');

    expect(admitted).toEqual(['a: aaaaaaaa', 'c: aaaaaaaa']);
  });

  it('is checked by whoever has it open: it may belong to another cluster', async () => {
    const nodes = { a: toPool('aaaaaaaa', open()), b: toPool(undefined, AWAITING) };
    const { admit, admitted } = share(nodes, 'a');

    await expect(admit('aaaaaaaa')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    expect(admitted).toEqual(['b: aaaaaaaa']);
  });

  it('is for nobody where nobody has it', async () => {
    const { admit, admitted } = share({});

    await admit('aaaaaaaa');

    expect(admitted).toEqual([]);
  });
});
