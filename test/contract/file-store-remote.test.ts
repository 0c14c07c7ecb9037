import { createFakeFileStore } from '../support/fake-file-store.ts';
import { describeFileStore } from './file-store.ts';
import { makeRemoteStore } from './file-store-remote.ts';

describeFileStore({
  name: 'a fake store behind an agent',
  layout: 'directory',
  quota: 'required',
  createStore: async () => {
    const store = createFakeFileStore({ poolId: 'aaaabbbb' });
    return await makeRemoteStore({ store, reopen: async () => store, [Symbol.asyncDispose]: async () => {} });
  },
});
