import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubelet } from '../support/kubelet.ts';
import {
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  skipsRootTests,
} from '../support/scratch.ts';
import { startServer, type TestServer } from '../support/server.ts';

const exec = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe.skipIf(skipsRootTests())('the bundle, alone in a directory', () => {
  let scratch: ScratchDirectory;
  let program: string;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    await exec(process.execPath, [join(ROOT, 'scripts/build.ts')]);
    const folder = join(scratch.path, 'app');
    // Away from the project, so that nothing but the bundle can be found.
    await cp(join(ROOT, 'dist'), folder, { recursive: true });
    program = join(folder, 'stowage.js');
  });
  afterAll(async () => await scratch?.[Symbol.asyncDispose]());

  async function startBundle(name: string): Promise<TestServer & { readonly directory: string }> {
    const directory = join(scratch.path, name);
    const disk = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 2 * GIB });
    const path = join(disk.path, 'pool');
    await mkdir(path);
    const server = await startServer({
      directory,
      pools: [{ name: 'scratch', path }],
      program: [process.execPath, program],
    });
    const dispose = async (): Promise<void> => {
      await server[Symbol.asyncDispose]();
      await disk[Symbol.asyncDispose]();
    };
    return { ...server, directory, [Symbol.asyncDispose]: dispose };
  }

  it('says its version', async () => {
    const { stdout } = await exec(process.execPath, [program, 'version']);

    expect(stdout).toMatch(/^stowage \d+\.\d+\.\d+/);
  });

  it('answers Probe, makes and deletes a directory volume, and stops with 0', async () => {
    await using server = await startBundle('directory');
    const kubelet = await createKubelet({ ...server, directory: join(server.directory, 'kubelet') });

    const volume = await kubelet.create({
      sizeBytes: 64 * MIB,
      parameters: { pool: 'scratch', layout: 'directory' },
      use: '',
    });
    await kubelet.remove(volume);

    expect(volume.capacityBytes).toBe(64 * MIB);
    expect((await server.controller.ListVolumes({})).entries).toEqual([]);
    expect(await server.stop()).toBe(0);
  });

  it('finds its worker and its helper: mounts an image and cuts a snapshot of it in use', async () => {
    await using server = await startBundle('image');
    const kubelet = await createKubelet({ ...server, directory: join(server.directory, 'kubelet') });
    const volume = await kubelet.create({
      sizeBytes: 64 * MIB,
      parameters: { pool: 'scratch', layout: 'image' },
      use: 'ext4',
    });
    const mounted = await kubelet.stage(volume);
    await kubelet.publish(mounted);

    const snapshotId = await kubelet.snapshot(volume.volumeId);

    await kubelet.removeSnapshot(snapshotId);
    await kubelet.unpublish(mounted);
    await kubelet.unstage(mounted);
    await kubelet.remove(volume);
    expect((await server.controller.ListVolumes({})).entries).toEqual([]);
  });
});
