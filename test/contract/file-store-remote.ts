import type { FileStore } from '../../src/filestore/file-store.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { createClientTls } from '../../src/rpc/tls-client.ts';
import { connectToFirstStore, startTestAgent, toDirectory } from '../support/remote-store.ts';
import { createClusterTls } from '../support/tls.ts';
import type { FileStoreFixture } from './file-store.ts';

/** What stands behind the agent. */
export interface LocalSide extends AsyncDisposable {
  /** The store that is open now. */
  readonly store: FileStore;
  reopen(): Promise<FileStore>;
}

/** A store behind a real agent on loopback, reached as a controller does: with mutual TLS. */
export async function makeRemoteStore(local: LocalSide): Promise<FileStoreFixture> {
  await using undo = new AsyncDisposableStack();
  undo.use(local);
  const { agent: agentTls, controller } = await createClusterTls();
  const agent = undo.use(
    await startTestAgent({
      stores: toDirectory(() => local.store),
      security: { tls: agentTls, peers: [CONTROLLER_TLS_NAME], onRefused: () => undefined },
    }),
  );
  const tls = undo.use(createClientTls(controller, AGENT_TLS_NAME));
  const { connection, store } = await connectToFirstStore(agent, { tls });
  undo.use(connection);
  const owned = undo.move();
  return {
    store,
    async reopen() {
      await local.reopen();
      const again = await connectToFirstStore(agent, { tls });
      owned.use(again.connection);
      return again.store;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
