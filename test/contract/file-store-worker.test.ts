import { createWorkerStore } from '../../src/pools/worker/worker-store.ts';
import { createFakeFileStore } from '../support/fake-file-store.ts';
import { createTestWorker, toOpening } from '../support/worker-stores.ts';
import { describeFileStore } from './file-store.ts';

describeFileStore({
  name: 'a fake store in a worker',
  layout: 'directory',
  quota: 'required',
  createStore: async () => {
    const local = createFakeFileStore({ poolId: 'aaaabbbb' });
    const test = createTestWorker(toOpening(local));
    const open = () => createWorkerStore(test.worker, local, async () => await Promise.resolve());
    return await Promise.resolve({
      store: open(),
      async reopen() {
        test.worker.kill('The test wants another one.');
        return await Promise.resolve(open());
      },
      [Symbol.asyncDispose]: async () => await test[Symbol.asyncDispose](),
    });
  },
});
