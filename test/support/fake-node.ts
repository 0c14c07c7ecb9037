import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeBackend, PublishOptions } from '../../src/backends/backend.ts';
import type { FileNodeContext } from '../../src/backends/file/node/context.ts';
import { createFileNode } from '../../src/backends/file/node/create-node.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { FsType, VolumeCapability } from '../../src/domain/access.ts';
import type { CreateVolumeRequest, LocalFileStore } from '../../src/filestore/file-store.ts';
import type { StoreEntry } from '../../src/filestore/store-directory.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFakeFileStore, type FakeFileStore } from './fake-file-store.ts';
import { createFakeMachine, type FakeMachine } from './fake-machine.ts';
import { toRequest } from './volume-request.ts';

/** The id of the pool of {@link FakeNode}. */
export const POOL_ID = 'aaaaaaaa';

const { signal } = new AbortController();

/** The node half over one pool and a machine that are both in memory; paths are real. */
export interface FakeNode extends AsyncDisposable {
  readonly directory: string;
  readonly machine: FakeMachine;
  readonly store: FakeFileStore;
  /** A new one over the same machine, as after a restart. */
  createNode(options?: FakeNodeOptions): NodeBackend;
  /** From now on the pool is not to be reached. */
  takePoolAway(): void;
  /** Further pools of the node. */
  addPool(entry: StoreEntry<LocalFileStore>): void;
  /** Makes a volume, with the calls that kubelet would send for it. */
  prepare(
    access: VolumeCapability['access'],
    overrides?: Partial<CreateVolumeRequest>,
  ): Promise<PublishOptions>;
  /** Where the volume's content is: its tree or its image. */
  getContentPath(calls: Pick<PublishOptions, 'volumeId'>): Promise<string>;
  listMountPoints(): readonly string[];
}

/** What differs from the usual node. */
export interface FakeNodeOptions {
  readonly context?: Partial<FileNodeContext>;
  readonly stageAnswersWithinMs?: number;
}

/** Access to a file system of this type, or to any. */
export function toMountAccess(fsType?: FsType): VolumeCapability['access'] {
  return { kind: 'mount', fsType, mountFlags: [] };
}

/** Every way in which a volume is kept. */
export const VOLUME_KINDS: readonly [string, VolumeCapability['access']][] = [
  ['directory', toMountAccess()],
  ['image', toMountAccess('ext4')],
  ['btrfs image', toMountAccess('btrfs')],
  ['raw block', { kind: 'block' }],
];

/** Makes it in a temporary directory. */
export async function makeFakeNode(): Promise<FakeNode> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-node-')));
  const machine = createFakeMachine();
  const store = createFakeFileStore({ poolId: POOL_ID, root: join(directory, 'pool') });
  const pool = { poolName: 'fast', nodeName: 'a', poolId: POOL_ID };
  let entries: readonly StoreEntry<LocalFileStore>[] = [{ ...pool, state: { store } }];
  return {
    directory,
    machine,
    store,
    createNode(options = {}) {
      const stores = { list: () => entries };
      const context = { ...machine, stores, locks: new KeyedLock(), logger: silentLogger };
      const info = { nodeId: 'a', maxVolumes: 0, topology: undefined };
      return createFileNode({ ...context, ...options.context }, info, options.stageAnswersWithinMs);
    },
    takePoolAway() {
      entries = [{ ...pool, state: { unavailable: 'Its disk is gone.' } }];
    },
    addPool(entry) {
      entries = [...entries, entry];
    },
    async prepare(access, overrides = {}) {
      const record = await store.createVolume({ ...toRequestFor(access), ...overrides }, signal);
      const base = join(directory, record.id);
      await mkdir(join(base, 'staging'), { recursive: true });
      return {
        volumeId: record.id,
        stagingPath: join(base, 'staging'),
        targetPath: join(base, 'target'),
        capability: { access, mode: 'SINGLE_NODE_MULTI_WRITER' },
        context: {},
        readOnly: false,
      };
    },
    getContentPath: async ({ volumeId }) => (await store.locate({ id: volumeId }, signal)).path,
    listMountPoints: () => machine.table().map(({ mountPoint }) => mountPoint),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
  };
}

function toRequestFor(access: VolumeCapability['access']): CreateVolumeRequest {
  return toRequest(`pvc-${Math.random()}`, {
    range: undefined,
    accessType: access.kind,
    fsType: access.kind === 'mount' ? access.fsType : undefined,
    layout: access.kind === 'mount' && access.fsType === undefined ? 'directory' : 'image',
  });
}
