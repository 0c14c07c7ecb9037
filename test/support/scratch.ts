import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export type ScratchType = 'ext4' | 'xfs' | 'btrfs';

export interface ScratchOptions {
  readonly type: ScratchType;
  readonly sizeBytes: number;
  /** For mount(8). Default: none. */
  readonly mountOptions?: readonly string[];
  /** For mkfs. Default: none. */
  readonly makeOptions?: readonly string[];
}

/** A file system of a test's own, mounted, over a loop device. Disposing it unmounts, detaches and removes. */
export interface ScratchFilesystem extends AsyncDisposable {
  readonly type: ScratchType;
  /** Where it is mounted. */
  readonly path: string;
  readonly device: string;
  /** The file behind the device; it may be made larger. */
  readonly image: string;
}

/** A directory of a test's own on the host's disk. Disposing it unmounts all below it, detaches its loops and removes it. */
export interface ScratchDirectory extends AsyncDisposable {
  readonly path: string;
}

/**
 * Fails when the tests do not run as root; true when SKIP_ROOT_TESTS=1 says in words that they are to be skipped. Use:
 * `describe.skipIf(skipsRootTests())`.
 */
export function skipsRootTests(): boolean {
  if (process.getuid?.() === 0) return false;
  if (process.env['SKIP_ROOT_TESTS'] === '1') return true;
  throw new Error('These tests mount file systems: run them as root, or set SKIP_ROOT_TESTS=1 to skip them.');
}

/** Makes a scratch directory under /var/tmp. */
export async function makeScratchDirectory(): Promise<ScratchDirectory> {
  const path = await mkdtemp('/var/tmp/stowage-test-');
  return { path, [Symbol.asyncDispose]: () => removeScratch(path) };
}

/** Makes a file system of this type and size in a scratch directory and mounts it. */
export async function makeScratchFilesystem(options: ScratchOptions): Promise<ScratchFilesystem> {
  const scratch = await makeScratchDirectory();
  try {
    const image = join(scratch.path, 'disk.img');
    const path = join(scratch.path, 'mnt');
    await mkdir(path);
    await makeImage(image, options);
    const { stdout } = await exec('losetup', ['--find', '--show', '--direct-io=on', image]);
    const device = stdout.trim();
    const words = options.mountOptions ?? [];
    await exec('mount', [...(words.length > 0 ? ['-o', words.join(',')] : []), device, path]);
    return { type: options.type, path, device, image, [Symbol.asyncDispose]: scratch[Symbol.asyncDispose] };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes a file of this size with a file system in it, not mounted. */
export async function makeImage(image: string, options: ScratchOptions): Promise<void> {
  await writeFile(image, '');
  await truncate(image, options.sizeBytes);
  await exec(`mkfs.${options.type}`, ['-q', ...(options.makeOptions ?? []), image]);
}

/** The mount points at or below a path, the topmost and deepest first. */
export async function listMountPointsBelow(path: string): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const points = lines.map((line) => unescapePath(line.split(' ')[4] ?? ''));
  return points.filter((point) => point === path || point.startsWith(`${path}/`)).toReversed();
}

/** Loop devices whose file lies (or lay, when it has been removed) below a path. */
export async function listLoopsBelow(path: string): Promise<readonly string[]> {
  const devices: string[] = [];
  for (const name of await readdir('/sys/block')) {
    if (!name.startsWith('loop')) continue;
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.startsWith(`${path}/`)) devices.push(`/dev/${name}`);
  }
  return devices;
}

/** After so many rounds what cannot be unmounted is detached from the tree, so that at least the directory goes. */
const PATIENT_ROUNDS = 6;

async function removeScratch(path: string): Promise<void> {
  // A mount may hold the loop device of another, which lies in it: as often as something is left.
  for (let round = 0; round < 2 * PATIENT_ROUNDS; round += 1) {
    // Loops first: once its file system is detached, the path of a device's file does not show where it belongs.
    const devices = await listLoopsBelow(path);
    for (const device of devices) await exec('losetup', ['--detach', device]).catch(() => undefined);
    const points = await listMountPointsBelow(path);
    for (const point of points) await unmount(point, round >= PATIENT_ROUNDS);
    if (points.length === 0 && devices.length === 0) break;
    if (round > 0) await sleepFor(20 * round);
  }
  await rm(path, { recursive: true, force: true });
}

async function unmount(point: string, lazily: boolean): Promise<void> {
  // A test that failed may have left it frozen.
  await exec('fsfreeze', ['--unfreeze', point]).catch(() => undefined);
  await exec('umount', lazily ? ['--lazy', point] : [point]).catch(() => undefined);
}

function unescapePath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
