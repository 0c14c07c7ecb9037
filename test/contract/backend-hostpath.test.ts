import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAppearance } from '../../src/backends/file/node/appearance.ts';
import { createFileNode } from '../../src/backends/file/node/create-node.ts';
import { createHostpathController } from '../../src/backends/hostpath/controller.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFakeFileStore } from '../support/fake-file-store.ts';
import { createFakeMachine } from '../support/fake-machine.ts';
import type { BackendFixture } from './backend.ts';
import { describeBackend } from './backend.ts';
import { signal } from './backend-volumes.ts';

const GIB = 1024 ** 3;
const mount = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;

describeBackend('host-path, directories, in memory', {
  setup,
  access: mount,
  parameters: { pool: 'fast' },
  sizeBytes: GIB,
});
describeBackend('host-path, images, in memory', {
  setup,
  access: { ...mount, fsType: 'xfs', mountFlags: ['noatime'] },
  parameters: { pool: 'fast', layout: 'image' },
  sizeBytes: GIB,
});
describeBackend('host-path, btrfs images, in memory', {
  setup,
  access: { ...mount, fsType: 'btrfs' },
  parameters: { pool: 'fast', layout: 'image' },
  sizeBytes: GIB,
});
describeBackend('host-path, raw block, in memory', {
  setup,
  access: { kind: 'block' },
  parameters: { pool: 'fast' },
  sizeBytes: GIB,
});

async function setup(): Promise<BackendFixture> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-contract-')));
  await mkdir(join(directory, 'kubelet'));
  const machine = createFakeMachine();
  const store = createFakeFileStore({
    poolId: 'aaaaaaaa',
    root: join(directory, 'pool'),
    async isInUse(location) {
      const { isOurs, loops } = await getAppearance(machine, { store, ...location }, machine.table(), signal);
      return loops.length > 0 || machine.table().some(isOurs);
    },
  });
  const entry = { poolName: 'fast', nodeName: 'a', poolId: 'aaaaaaaa', state: { store } };
  const stores = { list: () => [entry] };
  const build = () => ({
    controller: createHostpathController({ stores, logger: silentLogger }),
    node: createFileNode(
      { ...machine, stores, locks: new KeyedLock(), logger: silentLogger },
      { nodeId: 'a', maxVolumes: 0, topology: undefined },
    ),
  });
  return {
    ...build(),
    directory: join(directory, 'kubelet'),
    restart: async () => await Promise.resolve(build()),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
  };
}
