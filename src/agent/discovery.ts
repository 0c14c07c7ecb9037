/** Where the agent of one node can be reached. */
export interface AgentAddress {
  readonly nodeName: string;
  /** `host:port`; an IPv6 host in brackets. */
  readonly address: string;
}

/** The agents that there should be. Homes: a list in the configuration, the pods of the DaemonSet. */
export interface AgentDiscovery {
  /** As it stands now; at most one for each node. */
  list(): readonly AgentAddress[];
  /** Tells after each change. Disposing it ends that. */
  onChange(listener: () => void): Disposable;
}
