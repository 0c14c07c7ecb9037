import type { NfsPoolConfig } from './cluster.ts';
import { toAddresses } from './network.ts';
import { SERVER_EXPORT, SERVER_GUEST_NUMBER } from './server-guest-places.ts';

/** The name by which the agent on the server goes. */
export const SERVER_NODE = 'nfs-server';

/** A pool with an agent on the server of a tier. */
export const SERVED_POOL: NfsPoolConfig = {
  name: 'served',
  type: 'nfs',
  server: toAddresses(SERVER_GUEST_NUMBER).ipv4,
  export: '/pool/served',
  agent: { node: SERVER_NODE, path: `${SERVER_EXPORT}/served` },
};

/** One on the same export that the agents of nodes work on. */
export const PLAIN_POOL: NfsPoolConfig = {
  name: 'plain',
  type: 'nfs',
  server: toAddresses(SERVER_GUEST_NUMBER).ipv4,
  export: '/pool/plain',
};
