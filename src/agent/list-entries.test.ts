import { describe, expect, it } from 'vitest';
import { toPool } from '../../test/support/fake-agents.ts';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { listEntries, type WatchedAgent } from './list-entries.ts';

const NFS = 'nfs.stowage.dev';
const shared = { settings: { releaseAfterSeconds: undefined, isShared: true } } as const;

function toAgent(nodeName: string, pool: ReturnType<typeof toPool>): WatchedAgent {
  const store = createFakeFileStore({ poolId: pool.poolId ?? 'aaaaaaaa' });
  return {
    agent: { nodeName, address: `${nodeName}:9810` },
    state: {
      kind: 'answering',
      description: { nodeName, bootId: 'boot', release: 'test', pools: [pool] },
    },
    findStore: () => store,
  };
}

/** `a: open`, or `a: …` with the sentence, of this driver's pools. */
function show(agents: readonly WatchedAgent[], driver = NFS): readonly string[] {
  return (listEntries(agents, []).get(driver) ?? []).map(({ nodeName, state }) =>
    'store' in state ? `${nodeName}: open` : `${nodeName}: ${state.unavailable}`,
  );
}

describe('pools that two agents have open by one id', () => {
  const pool = toPool('aaaaaaaa', { name: 'web', driver: NFS });

  it('are copies of a disk, and neither is used', () => {
    expect(show([toAgent('a', pool), toAgent('b', pool)])).toEqual([
      expect.stringMatching(/^a: Nodes a and b both have a pool/),
      expect.stringMatching(/^b: Nodes a and b both have a pool/),
    ]);
  });

  it('are the same one when both call it shared', () => {
    const one = { ...pool, ...shared };

    expect(show([toAgent('a', one), toAgent('b', one)])).toEqual(['a: open', 'b: open']);
  });

  it.each([
    ['one of them does not call it shared', pool],
    ['they have different names', { ...pool, ...shared, name: 'db' }],
  ])('are copies when %s', (_, other) => {
    const lines = show([toAgent('a', { ...pool, ...shared }), toAgent('b', other)]);

    expect(lines.filter((line) => line.endsWith('open'))).toEqual([]);
    expect(lines).toHaveLength(2);
  });

  it('are copies when they belong to different drivers', () => {
    const other = { ...pool, ...shared, driver: 'hostpath.stowage.dev' };
    const agents = [toAgent('a', { ...pool, ...shared }), toAgent('b', other)];

    expect([...show(agents), ...show(agents, other.driver)].filter((line) => line.endsWith('open'))).toEqual(
      [],
    );
  });
});
