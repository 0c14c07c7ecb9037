import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ControllerBackend, NodeBackend } from '../../src/backends/backend.ts';
import { createHostpathController } from '../../src/backends/hostpath/controller.ts';
import { createHostpathNode } from '../../src/backends/hostpath/node.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { Host } from '../../src/host/host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { BackendFixture } from '../contract/backend.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { listLoopsBelow, listMountPointsBelow, type ScratchOptions } from './scratch.ts';

const exec = promisify(execFile);

/** Both halves of host-path over one real pool of this machine, named `fast` on node `a`. */
export interface HostpathMachine extends BackendFixture {
  readonly local: LocalStoreFixture;
  readonly host: Host;
  /** Takes all mounts of volumes and their loop devices away, then builds anew: what a reboot leaves. */
  reboot(): Promise<Pick<BackendFixture, 'controller' | 'node'>>;
  /** Mount points of volumes and devices over images that are there now. */
  listLeftovers(): Promise<readonly string[]>;
}

export interface HostpathMachineOptions {
  /** In place of the real machine, for tests that make it fail. */
  readonly wrapHost?: (host: Host) => Host;
}

/** Makes a pool on a file system of its own and the backend over it. */
export async function makeHostpathMachine(
  scratch: ScratchOptions,
  { wrapHost = (host) => host }: HostpathMachineOptions = {},
): Promise<HostpathMachine> {
  await using undo = new AsyncDisposableStack();
  const local = undo.use(await makeLocalStore(scratch));
  const base = join(local.scratch.path, '..');
  const directory = join(base, 'kubelet');
  await mkdir(directory);
  const host = wrapHost(local.host);
  const build = (locks: KeyedLock): { controller: ControllerBackend; node: NodeBackend } => {
    const stores = {
      list: () => [
        { poolName: 'fast', nodeName: 'a', poolId: local.store.poolId, state: { store: local.store } },
      ],
    };
    return {
      controller: createHostpathController({ stores, logger: silentLogger }),
      node: createHostpathNode({ stores, host, nodeName: 'a', locks, logger: silentLogger }),
    };
  };
  const restart = async () => {
    const locks = new KeyedLock();
    await local.reopen({ locks });
    return build(locks);
  };
  const listDevices = async () => await listLoopsBelow(local.scratch.path);
  const resources = undo.move();
  return {
    ...build(local.locks),
    local,
    host,
    directory,
    restart,
    async reboot() {
      for (const point of await listMountPointsBelow(directory)) await exec('umount', [point]);
      for (const device of await listDevices()) await exec('losetup', ['--detach', device]);
      return await restart();
    },
    async listLeftovers() {
      return [...(await listMountPointsBelow(directory)), ...(await listDevices())];
    },
    [Symbol.asyncDispose]: async () => await resources.disposeAsync(),
  };
}
