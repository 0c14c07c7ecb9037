/**
 * Where a pool is that all nodes reach, in a registry that keeps pools by the nodes that have them. It is no name that a node can have, and another one for each pool: of a
 * pool whose agents are all silent nothing is heard, whatever those of other pools say.
 */
export function toSharedPlace(poolName: string): string {
  return `any/${poolName}`;
}

/** A place in a sentence: `on node a`. */
export function describePlace(nodeName: string): string {
  return isSharedPlace(nodeName) ? 'on storage that all nodes reach' : `on node ${nodeName}`;
}

/** Whether a place is that of a shared pool. */
export function isSharedPlace(nodeName: string): boolean {
  return nodeName.startsWith('any/');
}
