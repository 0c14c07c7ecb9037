import { isUsableFrom, type Topology } from '../../domain/topology.ts';

/** The node label that says where a host-path volume lives. */
export const TOPOLOGY_KEY = 'topology.hostpath.stowage.dev/node';

/** The place of everything that is on a node. */
export function toTopology(nodeName: string): Topology {
  return { [TOPOLOGY_KEY]: nodeName };
}

/** Whether a node is inside a place: each of its labels has to be ours and to agree. An empty place is everywhere. */
export function isNodeIn(topology: Topology, nodeName: string): boolean {
  return isUsableFrom([toTopology(nodeName)], [topology]);
}
