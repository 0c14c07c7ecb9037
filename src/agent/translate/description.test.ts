import { describe, expect, it } from 'vitest';
import { ROOM, toPool } from '../../../test/support/fake-agents.ts';
import type { Pool__Output } from '../../gen/stowage/agent/v1/Pool.ts';
import { loadAgentServiceType } from '../../rpc/proto.ts';
import type { AgentDescription, DescribedPool } from '../description.ts';
import { fromDescribeResponse, toDescribeResponse } from './description.ts';

const { responseSerialize, responseDeserialize } = loadAgentServiceType().definition.Describe;

/** Over the wire, with a change to each pool that arrives. */
function send(
  pools: readonly DescribedPool[],
  change: (pool: Pool__Output) => Pool__Output = (pool) => pool,
): AgentDescription {
  const description = { nodeName: 'n', bootId: 'b', release: 'r', pools };
  const response = responseDeserialize(responseSerialize(toDescribeResponse(description)));
  return fromDescribeResponse({ ...response, pools: response.pools.map(change) });
}

const abilities = {
  quota: 'project',
  quotaIsHard: false,
  imageCopying: 'copy',
  treeCopying: 'reflink',
  fsType: 'ext2/ext3',
} as const;

describe('a description on its way from an agent', () => {
  it.each<[string, DescribedPool]>([
    ['open', toPool('aaaaaaaa', { state: { kind: 'open', abilities, room: ROOM } })],
    ['open, without room', toPool('aaaaaaaa', { state: { kind: 'open', abilities, room: undefined } })],
    ['unavailable', toPool('aaaaaaaa', { state: { kind: 'unavailable', reason: 'Gone.' } })],
    ['awaiting', toPool(undefined, { state: { kind: 'awaiting' } })],
    ['released at once', toPool('aaaaaaaa', { settings: { releaseAfterSeconds: 0 } })],
    ['released after a day', toPool('aaaaaaaa', { settings: { releaseAfterSeconds: 86_400 } })],
  ])('arrives as it was sent: a pool %s', (_what, pool) => {
    expect(send([pool])).toStrictEqual({ nodeName: 'n', bootId: 'b', release: 'r', pools: [pool] });
  });

  it.each<[string, object]>([
    ['a state of a later release', { state: undefined, open: null }],
    ['abilities that are not known here', { open: { abilities: null, room: null } }],
    [
      'room that is no number',
      {
        open: {
          abilities: {
            quota: 'QUOTA_KIND_NONE',
            quotaIsHard: false,
            imageCopying: 'IMAGE_COPYING_COPY',
            treeCopying: 'TREE_COPYING_PLAIN',
            fsType: 'xfs',
          },
          room: { totalBytes: 'x', freeBytes: '0', promisedBytes: '0', availableBytes: '0' },
        },
      },
    ],
  ])('has a pool that cannot be used, beside others that can: one with %s', (_what, changes) => {
    const { pools } = send([toPool('aaaaaaaa'), toPool('bbbbbbbb')], (pool) =>
      pool.poolId === 'aaaaaaaa' ? { ...pool, ...changes } : pool,
    );

    expect(pools).toMatchObject([
      { poolId: 'aaaaaaaa', state: { kind: 'unavailable', reason: expect.stringContaining('same') } },
      { poolId: 'bbbbbbbb', state: { kind: 'open' } },
    ]);
  });
});
