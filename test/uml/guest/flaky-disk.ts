import { execFile } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { makeScratchDirectory } from '../../support/scratch.ts';

const exec = promisify(execFile);

/** A disk that can be made to fail. Disposing takes away everything that this made, whatever state it is in. */
export interface FlakyDisk extends AsyncDisposable {
  /** `/dev/mapper/…` */
  readonly device: string;
  readonly sizeBytes: number;
  /** An empty directory to mount it at. */
  readonly mountPoint: string;
  /** From now on every read and write is an I/O error, or only every write. */
  fail(what: 'everything' | 'writes'): Promise<void>;
  /** It works again, with what it held. */
  heal(): Promise<void>;
}

/** Makes one, blank, by device mapper's `flakey` target over a loop device. */
export async function makeFlakyDisk(sizeBytes: number): Promise<FlakyDisk> {
  const scratch = await makeScratchDirectory();
  const [file, mountPoint] = [join(scratch.path, 'disk.img'), join(scratch.path, 'mnt')];
  const name = basename(scratch.path);
  await mkdir(mountPoint);
  await writeFile(file, '');
  await truncate(file, sizeBytes);
  const { stdout } = await exec('losetup', ['--find', '--show', file]);
  // Up and down are seconds: 0 of one means that the other holds for ever.
  const toTable = (behaviour: string): string =>
    `0 ${sizeBytes / 512} flakey ${stdout.trim()} 0 ${behaviour}`;
  await dmsetup('create', name, '--table', toTable('1 0'));
  const load = async (behaviour: string): Promise<void> => {
    // Nothing under way is held back until it works again: it fails, as on a real disk.
    await dmsetup('suspend', '--noflush', '--nolockfs', name);
    await dmsetup('load', name, '--table', toTable(behaviour));
    await dmsetup('resume', name);
  };
  return {
    device: `/dev/mapper/${name}`,
    sizeBytes,
    mountPoint,
    fail: async (what) => await load(what === 'everything' ? '0 1' : '0 1 1 error_writes'),
    heal: async () => await load('1 0'),
    async [Symbol.asyncDispose]() {
      await load('1 0');
      await exec('umount', [mountPoint]).catch(() => undefined);
      await dmsetup('remove', '--force', name);
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** There is no udev in a guest to make the node and to answer: dmsetup has to do it. */
async function dmsetup(...words: readonly string[]): Promise<void> {
  await exec('dmsetup', words, { env: { ...process.env, DM_DISABLE_UDEV: '1' } });
}
