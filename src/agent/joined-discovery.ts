import type { Logger } from '../observability/logger.ts';
import type { AgentAddress, AgentDiscovery } from './discovery.ts';

/** What is joined. */
export interface JoinedDiscoveryOptions {
  /** Agents that are written down: what they say of a node counts. */
  readonly listed: AgentDiscovery;
  /** Agents that come and go. */
  readonly found: AgentDiscovery;
  readonly logger: Logger;
}

/** Agents of two kinds. Of a node that both have the listed agent is asked, and the other one is out of reach, which the log says once. */
export function joinDiscoveries({ listed, found, logger }: JoinedDiscoveryOptions): AgentDiscovery {
  const told = new Set<string>();
  const noteShadowed = ({ nodeName, address }: AgentAddress, winner: AgentAddress): void => {
    if (told.has(nodeName)) return;
    told.add(nodeName);
    logger.error(
      'Two agents have the name of one node: the one in controller.agents.static is asked, and what the other offers is out of reach; give one of them another node.name',
      { node: nodeName, listed: winner.address, found: address },
    );
  };
  return {
    list() {
      const first = listed.list();
      const byNode = new Map(first.map((agent) => [agent.nodeName, agent]));
      const others = found.list().filter((agent) => {
        const winner = byNode.get(agent.nodeName);
        if (winner === undefined) return true;
        noteShadowed(agent, winner);
        return false;
      });
      return [...first, ...others];
    },
    onChange(listener) {
      const subscriptions = new DisposableStack();
      for (const discovery of [listed, found]) subscriptions.use(discovery.onChange(listener));
      return subscriptions;
    },
  };
}
