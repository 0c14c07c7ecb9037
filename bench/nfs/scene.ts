import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubelet, type Kubelet } from '../../test/support/kubelet.ts';
import { type NfsCluster, type NfsNode, startNfsCluster } from '../../test/support/nfs/cluster.ts';
import { createGuestMachine } from '../../test/support/nfs/machine.ts';
import type { ServerControl } from '../../test/support/nfs/server-control.ts';
import { SERVER_EXPORT } from '../../test/support/nfs/server-guest-places.ts';
import { PLAIN_POOL, SERVED_POOL, SERVER_NODE } from '../../test/support/nfs/tier-pools.ts';
import { BUNDLED_PROGRAM } from '../bundle.ts';

const DIRECTORY = '/var/tmp/bench';
const USUAL = 'usual';

/** The pools, each with what a claim there has to say. */
export const CLAIMS = {
  served: { sizeBytes: 16 * 2 ** 20, parameters: { pool: 'served' }, use: '' },
  plain: { sizeBytes: 16 * 2 ** 20, parameters: { pool: 'plain', quota: 'none' }, use: '' },
} as const;

export type PoolName = keyof typeof CLAIMS;

/** One node and a controller in a guest, the server with its agent in another. Disposing ends the programs. */
export interface NfsBenchScene extends AsyncDisposable {
  readonly server: ServerControl;
  readonly cluster: NfsCluster;
  readonly node: NfsNode;
  readonly kubelet: Kubelet;
  /** A directory on the same export, and where to mount, for the usual way. */
  readonly usual: { readonly source: string; readonly directory: string };
}

export async function startNfsBenchScene(server: ServerControl): Promise<NfsBenchScene> {
  await using undo = new AsyncDisposableStack();
  await server.boot();
  await server.run(['mkdir', '-p', join(SERVER_EXPORT, USUAL)]);
  const cluster = undo.use(
    await startNfsCluster({
      directory: DIRECTORY,
      program: BUNDLED_PROGRAM,
      nodes: [await createGuestMachine()],
      tlsDirectory: `${process.env['SHARED_DIRECTORY'] ?? ''}/tls`,
      agents: [{ node: SERVER_NODE, address: `${server.addresses.ipv4}:9810` }],
      pools: [SERVED_POOL, PLAIN_POOL],
    }),
  );
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('The cluster has a node.');
  const { controller } = cluster;
  const kubelet = await createKubelet({ controller, node: node.node, directory: join(DIRECTORY, 'pods') });
  const directory = join(DIRECTORY, USUAL);
  await mkdir(directory, { recursive: true });
  const kept = undo.move();
  return {
    server,
    cluster,
    node,
    kubelet,
    usual: { source: `${server.addresses.ipv4}:/pool/${USUAL}`, directory },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
