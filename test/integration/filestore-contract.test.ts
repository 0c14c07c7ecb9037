import { describe } from 'vitest';
import { describeFileStore, MiB } from '../contract/file-store.ts';
import { makeLocalStore } from '../contract/file-store-local.ts';
import { skipsRootTests } from '../support/scratch.ts';

const SIZE = 4096 * MiB;

describe.skipIf(skipsRootTests())('local stores', () => {
  describeFileStore({
    name: 'directories with qgroups on btrfs',
    layout: 'directory',
    quota: 'required',
    createStore: () => makeLocalStore({ type: 'btrfs', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'images on btrfs',
    layout: 'image',
    quota: 'required',
    createStore: () => makeLocalStore({ type: 'btrfs', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'images on xfs',
    layout: 'image',
    quota: 'required',
    createStore: () => makeLocalStore({ type: 'xfs', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'directories without quota on xfs, copied by reflink',
    layout: 'directory',
    quota: 'none',
    createStore: () => makeLocalStore({ type: 'xfs', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'images on ext4, copied in full',
    layout: 'image',
    quota: 'required',
    createStore: () => makeLocalStore({ type: 'ext4', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'directories without quota on ext4, copied in full',
    layout: 'directory',
    quota: 'none',
    createStore: () => makeLocalStore({ type: 'ext4', sizeBytes: SIZE }),
  });
  describeFileStore({
    name: 'directories of a shared pool',
    layout: 'directory',
    quota: 'none',
    // Other nodes may use it unseen.
    consistency: 'per-file',
    createStore: () => makeLocalStore({ type: 'ext4', sizeBytes: SIZE }, { isShared: true }),
  });
  describeFileStore({
    name: 'images of a shared pool',
    layout: 'image',
    quota: 'required',
    createStore: () => makeLocalStore({ type: 'xfs', sizeBytes: SIZE }, { isShared: true }),
  });
});
