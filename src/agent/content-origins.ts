import type { Clock } from '../base/clock.ts';
import type { ContentOrigins } from '../filestore/content/content.ts';
import type { TlsSource } from '../rpc/tls.ts';
import type { AgentDiscovery } from './discovery.ts';
import { createTicket } from './tickets.ts';

/** A call that is repeated brings a new one; a stream that has begun goes on. */
const TICKET_MS = 60 * 60_000;

/** What a controller makes origins with. */
export interface ContentOriginsOptions {
  readonly discovery: Pick<AgentDiscovery, 'list'>;
  /** The controller's own. */
  readonly tls: TlsSource;
  readonly clock: Clock;
}

/** Origins for agents: with the address of the agent that has the source, and a ticket for it. */
export function createTicketedOrigins({ discovery, tls, clock }: ContentOriginsOptions): ContentOrigins {
  return {
    createOrigin({ source, from, target }) {
      const { nodeName, poolId } = from;
      const agent = discovery.list().find((candidate) => candidate.nodeName === nodeName);
      const ticket = createTicket(
        { source: { nodeName, poolId, ...source }, target, expiresAt: clock.now() + TICKET_MS },
        tls.current(),
      );
      return { nodeName, poolId, address: agent?.address, ticket };
    },
  };
}
