/** One place, as node labels: all of them hold together. */
export type Topology = Readonly<Record<string, string>>;

/** Where a volume may be (CSI TopologyRequirement): requisite is a set, preferred an order. */
export interface TopologyRequirement {
  readonly requisite: readonly Topology[];
  readonly preferred: readonly Topology[];
}

/**
 * Whether something that can be used from `places` (none: from everywhere) can be so from at least one requisite place. No requisite
 * is no restriction.
 */
export function isUsableFrom(places: readonly Topology[], requisite: readonly Topology[]): boolean {
  if (places.length === 0 || requisite.length === 0) return true;
  return requisite.some((asked) => places.some((place) => isWithinPlace(place, asked)));
}

/** Whether each label of the outer place agrees with the inner one. A place without labels is everywhere. */
function isWithinPlace(inner: Topology, outer: Topology): boolean {
  return Object.entries(outer).every(([key, value]) => inner[key] === value);
}
