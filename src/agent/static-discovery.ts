import type { AgentAddress, AgentDiscovery } from './discovery.ts';

/** Agents that are written down in the configuration: they never change. */
export function createStaticDiscovery(agents: readonly AgentAddress[]): AgentDiscovery {
  return { list: () => agents, onChange: () => ({ [Symbol.dispose]: () => undefined }) };
}
