/** What says which nodes have a pool; undefined: all of them. */
export interface PoolNodes {
  readonly nodes?: readonly string[] | undefined;
}

/** Whether a node has the pool. */
export function isPoolOf({ nodes }: PoolNodes, nodeName: string): boolean {
  return nodes === undefined || nodes.some((pattern) => matches(pattern, nodeName));
}

/** The pools that a node has. */
export function listPoolsOf<Pool extends PoolNodes>(
  pools: readonly Pool[],
  nodeName: string,
): readonly Pool[] {
  return pools.filter((pool) => isPoolOf(pool, nodeName));
}

/**
 * Whether some node has both pools, as far as their patterns alone can tell: two different patterns may or may not name a common node, so
 * they are taken not to.
 */
export function mayMeet(one: PoolNodes, other: PoolNodes): boolean {
  if (one.nodes === undefined || other.nodes === undefined) return true;
  return (
    one.nodes.some((pattern) => isPoolOf(other, pattern)) ||
    other.nodes.some((pattern) => isPoolOf(one, pattern))
  );
}

function matches(pattern: string, name: string): boolean {
  // Of what a pattern may hold, the dot is the only other character that means something to an expression.
  const source = pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
