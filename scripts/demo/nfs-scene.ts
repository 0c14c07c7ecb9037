import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type NfsCluster, type NfsNode, startNfsCluster } from '../../test/support/nfs/cluster.ts';
import { createGuestMachine, createMachine } from '../../test/support/nfs/machine.ts';
import type { ServerControl } from '../../test/support/nfs/server-control.ts';
import { PLAIN_POOL, SERVED_POOL, SERVER_NODE } from '../../test/support/nfs/tier-pools.ts';

/** A pool that has nothing to do with the server. */
export const LOCAL_POOL = 'local';

/** What the programs are started with, in the project's folder. */
export const BUNDLE: readonly string[] = ['node', 'dist/stowage.js'];

const DIRECTORY = '/var/tmp/demo';

/** Two nodes and a controller in a guest, and the server in another. Disposing ends the nodes in order. */
export interface NfsScene extends AsyncDisposable {
  readonly cluster: NfsCluster;
  readonly server: ServerControl;
  readonly alpha: NfsNode;
  readonly beta: NfsNode;
  /** Where the pods of both nodes would have their volumes, and where nodes keep their mounts. */
  readonly directory: string;
}

/** Starts all and waits until the pools are open. */
export async function startNfsScene(server: ServerControl): Promise<NfsScene> {
  await using undo = new AsyncDisposableStack();
  await server.boot();
  const local = join(DIRECTORY, 'local');
  await mkdir(local, { recursive: true });
  // Seen by all machines of the guest that are made later.
  await (await createGuestMachine()).run(['mount', '-t', 'tmpfs', 'tmpfs', local]);
  const alphaMachine = undo.use(await createMachine('alpha'));
  const betaMachine = undo.use(await createMachine('beta'));
  const cluster = undo.use(
    await startNfsCluster({
      directory: DIRECTORY,
      program: BUNDLE,
      nodes: [alphaMachine, betaMachine],
      tlsDirectory: `${process.env['SHARED_DIRECTORY'] ?? ''}/tls`,
      agents: [{ node: SERVER_NODE, address: `${server.addresses.ipv4}:9810` }],
      pools: [SERVED_POOL, PLAIN_POOL, { name: LOCAL_POOL, type: 'shared', path: local }],
    }),
  );
  const [alpha, beta] = cluster.nodes;
  if (alpha === undefined || beta === undefined) throw new Error('The cluster has two nodes.');
  const kept = undo.move();
  return {
    cluster,
    server,
    alpha,
    beta,
    directory: DIRECTORY,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
