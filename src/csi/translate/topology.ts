import type { Topology, TopologyRequirement } from '../../domain/topology.ts';
import type { Topology as WireTopology, Topology__Output } from '../../gen/csi/v1/Topology.ts';
import type { TopologyRequirement__Output } from '../../gen/csi/v1/TopologyRequirement.ts';

/** Where a volume or snapshot may be; undefined when the caller leaves it to the driver, which an empty requirement does too. */
export function toTopologyRequirement(
  wire: TopologyRequirement__Output | null,
): TopologyRequirement | undefined {
  if (wire === null || (wire.requisite.length === 0 && wire.preferred.length === 0)) return undefined;
  return { requisite: wire.requisite.map(toTopology), preferred: wire.preferred.map(toTopology) };
}

/** One place of the wire. */
export function toTopology(wire: Topology__Output): Topology {
  return wire.segments;
}

/** As {@link toTopology}; undefined when it is left out or names no place. */
export function toOptionalTopology(wire: Topology__Output | null): Topology | undefined {
  return wire === null || Object.keys(wire.segments).length === 0 ? undefined : toTopology(wire);
}

/** The inverse of {@link toTopology}. */
export function toWireTopology(topology: Topology): WireTopology {
  return { segments: topology };
}
