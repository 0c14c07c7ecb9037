import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNfsController } from '../../src/backends/nfs/controller.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFakeFileStore } from '../support/fake-file-store.ts';
import { createNfsMachine } from '../support/nfs-machine.ts';
import type { BackendFixture } from './backend.ts';
import { describeBackend } from './backend.ts';

const GIB = 1024 ** 3;
const mount = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;

describeBackend('NFS, in memory', {
  setup,
  access: mount,
  parameters: { pool: 'web' },
  sizeBytes: GIB,
  isShared: true,
});
describeBackend('NFS with options and versions, in memory', {
  setup,
  access: { ...mount, mountFlags: ['noatime', 'nconnect=4'] },
  parameters: { pool: 'web', quota: 'none', nfsVersions: '4.2,4.1', onDelete: 'archive' },
  sizeBytes: GIB,
  isShared: true,
});

async function setup(): Promise<BackendFixture> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-contract-')));
  await mkdir(join(directory, 'kubelet'));
  const nfs = createNfsMachine(directory);
  const store = createFakeFileStore({
    poolId: 'aaaaaaaa',
    // What the agent sees of it on its own node.
    isInUse: async ({ record: { id } }) => {
      const tree = `/volumes/${parseObjectId(id)?.hash ?? ''}/data`;
      return await Promise.resolve(nfs.machine.table().some(({ source }) => source.endsWith(tree)));
    },
  });
  const entry = { poolName: 'web', nodeName: 'a', poolId: 'aaaaaaaa', state: { store } };
  const createController = () =>
    createNfsController({ stores: { list: () => [entry] }, logger: silentLogger });
  return {
    controller: createController(),
    node: nfs.node,
    directory: join(directory, 'kubelet'),
    restart: async () => await Promise.resolve({ controller: createController(), node: nfs.restart() }),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
  };
}
