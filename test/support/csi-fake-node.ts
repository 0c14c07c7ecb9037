import { isDeepStrictEqual } from 'node:util';
import { quote } from '../../src/base/quote.ts';
import type { NodeBackend, PublishOptions } from '../../src/backends/backend.ts';
import { isWithin } from '../../src/domain/capacity.ts';
import { DriverError } from '../../src/domain/errors.ts';
import { FAKE_TOPOLOGY } from './csi-fake-controller.ts';
import type { FakeMount, FakeStorage } from './csi-fake-storage.ts';

/** The node half of the fake backend, with every facet. Paths are words to it: it mounts nothing. */
export function createFakeNode(storage: FakeStorage): NodeBackend {
  return {
    getInfo: async () => ({ nodeId: 'node-a', maxVolumes: 0, topology: FAKE_TOPOLOGY }),
    async stage({ volumeId, stagingPath, capability }) {
      checkKind(storage, volumeId, capability.access.kind);
      const elsewhere = [...storage.staged].find(
        ([path, mount]) => path !== stagingPath && mount.volumeId === volumeId,
      );
      if (elsewhere !== undefined)
        throw new DriverError('PRECONDITION_FAILED', `Volume ${volumeId} is staged at ${elsewhere[0]}.`);
      put(storage.staged, stagingPath, { volumeId, capability, readOnly: false });
    },
    async unstage({ volumeId, stagingPath }) {
      if (storage.staged.get(stagingPath)?.volumeId !== volumeId) return;
      if (storage.listTargets(volumeId).length > 0)
        throw new DriverError('VOLUME_IN_USE', `Volume ${volumeId} is still published.`);
      storage.staged.delete(stagingPath);
    },
    publish: async (options) => publish(storage, options),
    async unpublish({ volumeId, targetPath }) {
      if (storage.published.get(targetPath)?.volumeId === volumeId) storage.published.delete(targetPath);
    },
    async getStats({ volumeId, volumePath }) {
      const total = storage.getVolume(volumeId).capacityBytes;
      checkAt(storage, volumeId, volumePath);
      return { bytes: { total, used: 0, available: total }, inodes: { total: 10, used: 1, available: 9 } };
    },
    async expand({ volumeId, volumePath, range }) {
      const { capacityBytes } = storage.getVolume(volumeId);
      checkAt(storage, volumeId, volumePath);
      if (!isWithin(capacityBytes, range))
        throw new DriverError(
          'SIZE_OUT_OF_RANGE',
          `Volume ${volumeId} has ${capacityBytes} bytes. Expand it by the controller first.`,
        );
      return { capacityBytes };
    },
    health: {
      async getVolumeHealth({ volumeId, publishPath, stagingPath }) {
        storage.getVolume(volumeId);
        for (const path of [publishPath, stagingPath]) {
          if (path !== undefined) checkAt(storage, volumeId, path);
        }
        return { volumeId, statuses: [] };
      },
      getStorageHealth: async () => [],
    },
  };
}

function publish(storage: FakeStorage, options: PublishOptions): void {
  const { volumeId, stagingPath, targetPath, capability, readOnly } = options;
  checkKind(storage, volumeId, capability.access.kind);
  if (storage.staged.get(stagingPath)?.volumeId !== volumeId)
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Volume ${volumeId} is not staged at ${quote(stagingPath)}.`,
    );
  const others = storage.listTargets(volumeId).filter((path) => path !== targetPath);
  if (capability.mode === 'SINGLE_NODE_SINGLE_WRITER' && others.length > 0)
    throw new DriverError('PRECONDITION_FAILED', `Volume ${volumeId} is published at ${others[0]} already.`);
  put(storage.published, targetPath, { volumeId, capability, readOnly });
}

function put(mounts: Map<string, FakeMount>, path: string, mount: FakeMount): void {
  const existing = mounts.get(path);
  if (existing !== undefined && !isDeepStrictEqual(existing, mount))
    throw new DriverError('PUBLISH_INCOMPATIBLE', `${quote(path)} is used differently already.`);
  mounts.set(path, mount);
}

function checkKind(storage: FakeStorage, volumeId: string, kind: 'mount' | 'block'): void {
  const volume = storage.getVolume(volumeId);
  if (volume.kind !== kind)
    throw new DriverError('PRECONDITION_FAILED', `Volume ${volumeId} is for ${volume.kind} access.`);
}

function checkAt(storage: FakeStorage, volumeId: string, path: string): void {
  const mount = storage.staged.get(path) ?? storage.published.get(path);
  if (mount?.volumeId !== volumeId)
    throw new DriverError('PATH_NOT_FOUND', `Volume ${volumeId} is not at ${quote(path)}.`);
}
