import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreateVolumeOptions } from '../../src/backends/backend.ts';
import { createHostpathNode } from '../../src/backends/hostpath/node.ts';
import type { FsType, VolumeCapability } from '../../src/domain/access.ts';
import type { Volume } from '../../src/domain/volume.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { BackendVariant } from '../contract/backend.ts';
import { signal, takeDown, toCalls, toCreateOptions, untilDone } from '../contract/backend-volumes.ts';
import type { HostpathMachine } from '../support/hostpath-machine.ts';
import { makeHostpathMachine } from '../support/hostpath-machine.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const MIB = 1024 ** 2;

interface Kind {
  readonly pool: 'xfs' | 'btrfs';
  readonly access: VolumeCapability['access'];
  readonly parameters: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
}

const mount = (fsType?: FsType): VolumeCapability['access'] => ({ kind: 'mount', fsType, mountFlags: [] });
const DIRECTORY: Kind = {
  pool: 'btrfs',
  access: mount(),
  parameters: { layout: 'directory' },
  sizeBytes: 32 * MIB,
};
const EXT4: Kind = {
  pool: 'xfs',
  access: mount('ext4'),
  parameters: { layout: 'image' },
  sizeBytes: 32 * MIB,
};
const XFS: Kind = { ...EXT4, access: mount('xfs'), sizeBytes: 304 * MIB };
const BTRFS: Kind = { ...EXT4, access: mount('btrfs'), sizeBytes: 256 * MIB };
const BLOCK: Kind = { ...EXT4, access: { kind: 'block' } };
const MOUNTED: readonly [string, Kind][] = [
  ['directory', DIRECTORY],
  ['ext4 image', EXT4],
  ['xfs image', XFS],
  ['btrfs image', BTRFS],
];
const ALL: readonly [string, Kind][] = [...MOUNTED, ['raw block', BLOCK]];

describe.skipIf(skipsRootTests())('data of host-path volumes', () => {
  const machines: Partial<Record<Kind['pool'], HostpathMachine>> = {};
  beforeAll(async () => {
    machines.xfs = await makeHostpathMachine({ type: 'xfs', sizeBytes: 4096 * MIB });
    machines.btrfs = await makeHostpathMachine({ type: 'btrfs', sizeBytes: 1024 * MIB });
  });
  afterAll(async () => {
    for (const machine of Object.values(machines)) await machine[Symbol.asyncDispose]();
  });

  async function create(kind: Kind, overrides: Partial<CreateVolumeOptions> = {}) {
    const machine = machines[kind.pool];
    if (machine === undefined) throw new Error('the machine is not there');
    const variant: BackendVariant = { ...kind, setup: () => Promise.resolve(machine) };
    const options = toCreateOptions(variant, overrides);
    const volume: Volume = await untilDone(() => machine.controller.createVolume(options, signal));
    return { machine, volume, calls: await toCalls(machine.directory, volume, variant) };
  }

  /** A volume that is made and published; `more` makes others of its kind. */
  async function publish(kind: Kind, overrides: Partial<CreateVolumeOptions> = {}) {
    const { machine, volume, calls } = await create(kind, overrides);
    await machine.node.stage(calls.stage, signal);
    await machine.node.publish(calls.publish, signal);
    const file =
      kind.access.kind === 'block' ? calls.publish.targetPath : join(calls.publish.targetPath, 'file');
    return { machine, calls, volume, file };
  }

  test.each(ALL)('%s: what was written outlives unpublish, unstage and a reboot', async (_, kind) => {
    const { machine, calls, file } = await publish(kind);
    const written = await fill(file, 3 * MIB);

    await machine.node.unpublish(calls.publish, signal);
    await untilDone(() => machine.node.unstage(calls.stage, signal));
    await machine.node.stage(calls.stage, signal);
    await machine.node.publish(calls.publish, signal);
    const afterUnstage = await hash(file, 3 * MIB);
    const { node } = await machine.reboot();
    await node.stage(calls.stage, signal);
    await node.publish(calls.publish, signal);

    expect(afterUnstage).toBe(written);
    expect(await hash(file, 3 * MIB)).toBe(written);
    await takeDown(machine, calls);
  });

  test('an image whose first expansion was cut short before its record said so is staged nevertheless', async () => {
    const { machine, volume, calls } = await create(EXT4);
    const { path } = await machine.local.store.locate({ id: volume.id }, signal);
    await truncate(path, 2 * EXT4.sizeBytes);

    await machine.node.stage(calls.stage, signal);
    await machine.node.publish(calls.publish, signal);

    const { blocks, bsize } = await statfs(calls.publish.targetPath);
    expect(blocks * bsize).toBeGreaterThan(1.5 * EXT4.sizeBytes);
    await takeDown(machine, calls);
  });

  test.each(ALL)('%s: a snapshot holds what was there, and restores beside its source', async (_, kind) => {
    const { machine, calls, volume, file } = await publish(kind);
    const before = await fill(file, 2 * MIB);
    const { snapshots } = machine.controller;
    const cut = { name: `snap-${volume.id}`, sourceVolumeId: volume.id, parameters: {}, topology: undefined };
    const snapshot = await untilDone(async () => await snapshots?.createSnapshot(cut, signal));
    const after = await fill(file, 2 * MIB);

    const restored = await publish(kind, { source: { kind: 'snapshot', id: snapshot?.id ?? '' } });
    const cloned = await publish(kind, { source: { kind: 'volume', id: volume.id } });

    expect(await hash(restored.file, 2 * MIB)).toBe(before);
    expect(await hash(cloned.file, 2 * MIB)).toBe(after);
    const changed = await fill(restored.file, 2 * MIB);
    expect(await hash(file, 2 * MIB)).toBe(after);
    expect(changed).not.toBe(after);
    await snapshots?.deleteSnapshot({ snapshotId: snapshot?.id ?? '' }, signal);
    for (const each of [restored.calls, cloned.calls, calls]) await takeDown(machine, each);
  });

  test.each(ALL)('%s: a read-only publish cannot be written, while a writable one can', async (_, kind) => {
    const { machine, calls, file } = await publish(kind);
    const written = await fill(file, MIB);
    const reader = { ...calls.publish, targetPath: `${calls.publish.targetPath}-ro`, readOnly: true };
    await machine.node.publish(reader, signal);
    await machine.node.publish(reader, signal);
    const readFrom = kind.access.kind === 'block' ? reader.targetPath : join(reader.targetPath, 'file');

    // A block device that is read-only may be opened and then refuses each write.
    await expect(fill(readFrom, MIB)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EROFS|EPERM|EACCES)$/),
    });

    expect(await hash(readFrom, MIB)).toBe(written);
    await expect(fill(file, MIB)).resolves.toBeTypeOf('string');
    await machine.node.unpublish(reader, signal);
    await takeDown(machine, calls);
  });

  test.each(MOUNTED)('%s: nobody writes more than the size', async (_, kind) => {
    const { machine, calls, file, volume } = await publish(kind);

    const failure = fill(file, kind.sizeBytes + MIB);

    // Node.js has no name for EDQUOT (122).
    await expect(failure).rejects.toMatchObject({ errno: expect.toBeOneOf([-28, -122]) });

    const stats = await machine.node.getStats(
      { volumeId: volume.id, volumePath: calls.publish.targetPath },
      signal,
    );
    expect(stats.bytes.used).toBeGreaterThan(kind.sizeBytes / 3);
    expect(stats.bytes.total).toBeLessThanOrEqual(kind.sizeBytes);
    await takeDown(machine, calls);
  });

  test('raw block: nobody writes more than the size', async () => {
    const { machine, calls, file } = await publish(BLOCK);

    await expect(fill(file, BLOCK.sizeBytes + MIB)).rejects.toMatchObject({ code: 'ENOSPC' });

    await takeDown(machine, calls);
  });

  test.each<[string, Kind]>([
    ['directory', DIRECTORY],
    ['xfs image', XFS],
    ['btrfs image', BTRFS],
    ['raw block', BLOCK],
  ])('%s: grows while it is in use', async (_, kind) => {
    const { machine, calls, file, volume } = await publish(kind);
    const written = await fill(file, MIB);
    const range = { requiredBytes: kind.sizeBytes * 2, limitBytes: undefined };
    const at = { volumeId: volume.id, volumePath: calls.publish.targetPath };
    const before = await machine.node.getStats(at, signal);
    const asked = { ...at, range, access: kind.access };
    await expect(machine.node.expand?.(asked, signal)).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });

    await machine.controller.expansion?.expandVolume({ volumeId: volume.id, range }, signal);
    const first = await machine.node.expand?.(asked, signal);
    const second = await machine.node.expand?.(asked, signal);

    expect(first).toEqual({ capacityBytes: kind.sizeBytes * 2 });
    expect(second).toEqual(first);
    const after = await machine.node.getStats(at, signal);
    expect(after.bytes.total).toBeGreaterThan(before.bytes.total * 1.8);
    expect(await hash(file, MIB)).toBe(written);
    await fill(file, kind.sizeBytes + MIB);
    await takeDown(machine, calls);
  });

  test.each<[string, Kind]>([
    ['ext4', EXT4],
    ['xfs', XFS],
    ['btrfs', BTRFS],
  ])('an image of %s that grew while it was away has its new size after the next stage', async (_, kind) => {
    const { machine, calls, volume } = await publish(kind);
    await machine.node.unpublish(calls.publish, signal);
    await untilDone(() => machine.node.unstage(calls.stage, signal));
    const range = { requiredBytes: kind.sizeBytes * 2, limitBytes: undefined };
    await machine.controller.expansion?.expandVolume({ volumeId: volume.id, range }, signal);

    await machine.node.stage(calls.stage, signal);

    const stats = await machine.node.getStats(
      { volumeId: volume.id, volumePath: calls.stage.stagingPath },
      signal,
    );
    expect(stats.bytes.total).toBeGreaterThan(kind.sizeBytes * 1.5);
    await takeDown(machine, calls);
  });

  test.each(MOUNTED)('%s: the root has the asked owner, until somebody changes it', async (_, kind) => {
    const parameters = { ...kind.parameters, uid: '1000', gid: '2000', mode: '0771' };
    const { machine, calls } = await publish({ ...kind, parameters });
    const { targetPath } = calls.publish;

    const fresh = await stat(targetPath);
    await exec('chmod', ['0700', targetPath]);
    await machine.node.unpublish(calls.publish, signal);
    await untilDone(() => machine.node.unstage(calls.stage, signal));
    await machine.node.stage(calls.stage, signal);
    await machine.node.publish(calls.publish, signal);
    const later = await stat(targetPath);

    expect([fresh.uid, fresh.gid, fresh.mode & 0o7777]).toEqual([1000, 2000, 0o771]);
    expect(later.mode & 0o7777).toBe(0o700);
    await takeDown(machine, calls);
  });

  test.each(MOUNTED)(
    '%s: the root of a clone has the asked owner, and else that of its source',
    async (_, kind) => {
      const parameters = { ...kind.parameters, uid: '7', gid: '8', mode: '2775' };
      const source = await publish({ ...kind, parameters });
      const asked = { ...kind.parameters, uid: '55', mode: '0700' };
      const from = { source: { kind: 'volume', id: source.volume.id } } as const;

      const clone = await publish({ ...kind, parameters: asked }, from);

      const root = await stat(clone.calls.publish.targetPath);
      expect([root.uid, root.gid, root.mode & 0o7777]).toEqual([55, 8, 0o700]);
      await takeDown(clone.machine, clone.calls);
      await takeDown(source.machine, source.calls);
    },
  );

  test('an image that was mounted by a call that was killed before it was done gets its owner from the next', async () => {
    const parameters = { ...EXT4.parameters, uid: '1000', gid: '2000', mode: '0771' };
    const { machine, calls } = await publish({ ...EXT4, parameters });
    await exec('chown', ['0:0', calls.stage.stagingPath]);
    await exec('chmod', ['0755', calls.stage.stagingPath]);

    await machine.node.stage(calls.stage, signal);

    const root = await stat(calls.stage.stagingPath);
    expect([root.uid, root.gid, root.mode & 0o7777]).toEqual([1000, 2000, 0o771]);
    await takeDown(machine, calls);
  });

  test.each(MOUNTED)('%s: mount options hold, and others are incompatible', async (_, kind) => {
    const fsType = kind.access.kind === 'mount' ? kind.access.fsType : undefined;
    const access = { kind: 'mount', fsType, mountFlags: ['noexec', 'nosuid'] } as const;
    const { machine, calls } = await publish({ ...kind, access });
    const { stagingPath, targetPath } = calls.publish;

    const line = await findLine(targetPath);
    const other = { ...calls.publish, capability: { ...calls.publish.capability, access: kind.access } };

    expect(line).toContain('noexec');
    expect(await findLine(stagingPath)).toContain('nosuid');
    const incompatible = { code: 'PUBLISH_INCOMPATIBLE' };
    await expect(machine.node.publish(other, signal)).rejects.toMatchObject(incompatible);
    await expect(machine.node.stage(other, signal)).rejects.toMatchObject(incompatible);
    await takeDown(machine, calls);
  });

  test('an image asked for with another file system than it has is not staged', async () => {
    const { machine, calls } = await publish(EXT4);
    const other = { ...calls.stage, capability: { ...calls.stage.capability, access: mount('xfs') } };

    await expect(machine.node.stage(other, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });

    await takeDown(machine, calls);
  });

  test('statistics of a directory are the volume’s, not the pool’s', async () => {
    const { machine, calls, file, volume } = await publish(DIRECTORY);
    await fill(file, 8 * MIB);
    // btrfs counts at the commit of a transaction, which an fsync of one file is not.
    await exec('sync', ['--file-system', file]);

    const stats = await machine.node.getStats(
      { volumeId: volume.id, volumePath: calls.publish.targetPath },
      signal,
    );

    expect(stats.bytes.total).toBe(DIRECTORY.sizeBytes);
    expect(stats.bytes.used).toBeGreaterThanOrEqual(8 * MIB);
    expect(stats.bytes.used).toBeLessThan(9 * MIB);
    await takeDown(machine, calls);
  });

  test('statistics of an image count its inodes', async () => {
    const { machine, calls, volume } = await publish(EXT4);
    const at = { volumeId: volume.id, volumePath: calls.publish.targetPath };

    const before = await machine.node.getStats(at, signal);
    for (let index = 0; index < 10; index += 1) {
      await writeFile(join(calls.publish.targetPath, `${index}`), '');
    }
    const after = await machine.node.getStats(at, signal);

    expect((after.inodes?.used ?? 0) - (before.inodes?.used ?? 0)).toBe(10);
    await takeDown(machine, calls);
  });

  test.each(ALL)('%s: is taken down even while its pool is away', async (_, kind) => {
    const { machine, calls } = await publish(kind);
    const away = { poolName: 'fast', nodeName: 'a', poolId: machine.local.store.poolId };
    const node = createHostpathNode({
      stores: { list: () => [{ ...away, state: { unavailable: 'Its disk is gone.' } }] },
      host: machine.host,
      nodeName: 'a',
      locks: machine.local.locks,
      logger: silentLogger,
    });

    await node.unpublish(calls.publish, signal);
    await untilDone(() => node.unstage(calls.stage, signal));

    await expect(machine.listLeftovers()).resolves.toEqual([]);
    await takeDown(machine, calls);
  });

  test('nothing is left on the machine', async () => {
    for (const machine of Object.values(machines)) await expect(machine.listLeftovers()).resolves.toEqual([]);
  });
});

/** Writes random bytes to the beginning of a file or device, durably; returns their hash. */
async function fill(path: string, bytes: number): Promise<string> {
  const block = randomBytes(MIB);
  const digest = createHash('sha256');
  await using file = await open(path, (await exists(path)) ? 'r+' : 'w');
  for (let offset = 0; offset < bytes; offset += MIB) {
    block.writeDoubleLE(offset, 0);
    await file.write(block, 0, MIB, offset);
    digest.update(block);
  }
  await file.sync();
  return digest.digest('hex');
}

async function hash(path: string, bytes: number): Promise<string> {
  await using file = await open(path, 'r');
  const content = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(content, 0, bytes, 0);
  return createHash('sha256').update(content.subarray(0, bytesRead)).digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function findLine(path: string): Promise<string> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.findLast((line) => line.split(' ')[4] === path) ?? '';
}
