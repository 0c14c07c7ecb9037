import { createFakeFileStore } from '../support/fake-file-store.ts';
import { connectToFirstStore, startTestAgent, toDirectory } from '../support/remote-store.ts';
import { describeFileStore, type FileStoreFixture } from './file-store.ts';

/** A fake store behind a real agent on loopback. */
async function createRemoteFixture(): Promise<FileStoreFixture> {
  await using undo = new AsyncDisposableStack();
  const local = createFakeFileStore({ poolId: 'aaaabbbb' });
  const agent = undo.use(await startTestAgent({ stores: toDirectory(() => local) }));
  const { connection, store } = await connectToFirstStore(agent);
  undo.use(connection);
  const owned = undo.move();
  return {
    store,
    reopen: async () => {
      const again = await connectToFirstStore(agent);
      owned.use(again.connection);
      return again.store;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describeFileStore({
  name: 'a fake store behind an agent',
  layout: 'directory',
  quota: 'required',
  createStore: createRemoteFixture,
});
