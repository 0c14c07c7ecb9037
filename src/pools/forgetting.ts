/**
 * Who knows that there is a pool at a place: this machine, which has the only registry; a node by itself, beside the registry of its cluster; or that
 * registry alone, since the node has lost its own notes.
 */
export type KnownBy = 'machine' | 'node' | 'cluster';

/** What an operator does, as an order in a sentence, when the data of a pool is gone for good: all who know of it have to forget it. */
export function describeForgetting(poolId: string, by: KnownBy): string {
  const command = `"stowage pools forget ${poolId}`;
  const orders: Readonly<Record<KnownBy, string>> = {
    machine: `run ${command} --local" with the --config of this program`,
    node: `run ${command}" on a controller, and ${command} --local" on this node`,
    cluster: `run ${command}" on a controller`,
  };
  return orders[by];
}
