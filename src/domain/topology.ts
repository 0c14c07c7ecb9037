/** One place, as node labels: all of them hold together. */
export type Topology = Readonly<Record<string, string>>;

/** Where a volume may be (CSI TopologyRequirement): requisite is a set, preferred an order. */
export interface TopologyRequirement {
  readonly requisite: readonly Topology[];
  readonly preferred: readonly Topology[];
}
