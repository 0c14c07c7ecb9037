import { describe } from 'vitest';
import { describeFileStore, MiB } from '../contract/file-store.ts';
import { makeLocalStore } from '../contract/file-store-local.ts';
import { makeRemoteStore } from '../contract/file-store-remote.ts';
import { skipsRootTests } from '../support/scratch.ts';

const SIZE = 4096 * MiB;

describe.skipIf(skipsRootTests())('local stores behind an agent', () => {
  describeFileStore({
    name: 'directories with qgroups on btrfs, over mutual TLS',
    layout: 'directory',
    quota: 'required',
    createStore: async () => await makeRemoteStore(await makeLocalStore({ type: 'btrfs', sizeBytes: SIZE })),
  });
  describeFileStore({
    name: 'images on xfs, over mutual TLS',
    layout: 'image',
    quota: 'required',
    createStore: async () => await makeRemoteStore(await makeLocalStore({ type: 'xfs', sizeBytes: SIZE })),
  });
});
