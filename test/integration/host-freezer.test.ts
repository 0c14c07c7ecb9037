import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDriverError } from '../../src/domain/errors.ts';
import { isErrno } from '../../src/host/errno.ts';
import type { Host } from '../../src/host/host.ts';
import { makeTestHost } from '../support/host.ts';
import { makeScratchFilesystem, type ScratchType, skipsRootTests } from '../support/scratch.ts';

const signal = new AbortController().signal;
const SIZES: Readonly<Record<ScratchType, number>> = { ext4: 64 << 20, xfs: 320 << 20, btrfs: 256 << 20 };
const holdFreeze = fileURLToPath(new URL('fixtures/hold-freeze.ts', import.meta.url));

describe.skipIf(skipsRootTests()).each(['ext4', 'xfs', 'btrfs'] as const)('Freezer on %s', (type) => {
  let resources: AsyncDisposableStack;
  let path: string;
  let host: Host;
  let runDirectory: string;

  beforeEach(async () => {
    resources = new AsyncDisposableStack();
    ({ path } = resources.use(await makeScratchFilesystem({ type, sizeBytes: SIZES[type] })));
    ({ host, runDirectory } = resources.use(await makeTestHost()));
  });
  afterEach(() => resources.disposeAsync());

  /** Freezing it is the one way to tell that leaves it as it is. */
  async function isFrozen(): Promise<boolean> {
    try {
      await host.syscalls.freeze({ path }, signal);
    } catch (error) {
      if (isErrno(error, 'EBUSY')) return true;
      throw error;
    }
    await host.syscalls.thaw({ path }, signal);
    return false;
  }

  async function listRecords(): Promise<readonly string[]> {
    return await readdir(join(runDirectory, 'frozen')).catch(() => []);
  }

  it('is frozen during the work and thawed after it, with a record in between', async () => {
    const result = await host.freezer.whileFrozen(
      { path, maxFrozenMs: 30_000 },
      async () => ({ wasFrozen: await isFrozen(), records: await listRecords() }),
      signal,
    );

    expect(result).toEqual({ wasFrozen: true, records: [expect.stringMatching(/\.json$/)] });
    expect(await isFrozen()).toBe(false);
    expect(await listRecords()).toEqual([]);
  });

  it('is thawed when the work fails', async () => {
    const failing = host.freezer.whileFrozen(
      { path, maxFrozenMs: 30_000 },
      () => Promise.reject(new Error('no room')),
      signal,
    );

    await expect(failing).rejects.toThrow('no room');
    expect(await isFrozen()).toBe(false);
    expect(await listRecords()).toEqual([]);
  });

  it('is thawed when the caller leaves', async () => {
    const abort = new AbortController();
    const leaving = host.freezer.whileFrozen(
      { path, maxFrozenMs: 30_000 },
      async () => {
        abort.abort(new Error('left'));
        await new Promise(() => undefined);
      },
      abort.signal,
    );

    await expect(leaving).rejects.toThrow('left');
    expect(await isFrozen()).toBe(false);
  });

  it('is thawed when the time is over, and the result is not used', async () => {
    const untilThawed = async (): Promise<void> => await expect.poll(() => isFrozen()).toBe(false);
    const late = host.freezer.whileFrozen({ path, maxFrozenMs: 50 }, untilThawed, signal);

    await expect(late).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));
    expect(await isFrozen()).toBe(false);
  });

  it('is left alone when somebody else has it frozen', async () => {
    await host.syscalls.freeze({ path }, signal);

    const second = host.freezer.whileFrozen({ path, maxFrozenMs: 1000 }, () => Promise.resolve(), signal);

    await expect(second).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));
    expect(await isFrozen()).toBe(true);
    expect(await listRecords()).toEqual([]);
    await host.syscalls.thaw({ path }, signal);
  });

  it('is thawed when the program that froze it is killed', async () => {
    const child = spawn(process.execPath, [holdFreeze, path, runDirectory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(await isFrozen()).toBe(true);

    child.kill('SIGKILL');

    await expect.poll(() => isFrozen()).toBe(false);
    await writeFile(join(path, 'file'), 'writable');
    expect(await host.freezer.recover(signal)).toEqual([]);
    expect(await listRecords()).toEqual([]);
  });

  it('is thawed when the helper is killed', async () => {
    const killed = host.freezer.whileFrozen(
      { path, maxFrozenMs: 30_000 },
      async () => {
        process.kill(await findHelper(path), 'SIGKILL');
        await expect.poll(() => isFrozen()).toBe(false);
      },
      signal,
    );

    await expect(killed).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));
    expect(await listRecords()).toEqual([]);
  });

  it('is thawed by the next run when both were killed', async () => {
    const { majorMinor } = await host.mounts.getHolding(path, signal);
    await host.syscalls.freeze({ path }, signal);
    await addRecord({ mountPoint: path, majorMinor });

    const thawed = await host.freezer.recover(signal);

    expect(thawed).toEqual([path]);
    expect(await isFrozen()).toBe(false);
    expect(await listRecords()).toEqual([]);
  });

  it('is not touched by a record of another device', async () => {
    await host.syscalls.freeze({ path }, signal);
    await addRecord({ mountPoint: path, majorMinor: '7:99999' });

    const thawed = await host.freezer.recover(signal);

    expect(thawed).toEqual([]);
    expect(await isFrozen()).toBe(true);
    expect(await listRecords()).toEqual([]);
    await host.syscalls.thaw({ path }, signal);
  });

  it('is thawed when the host is closed, and the result is not used', async () => {
    const closing = host.freezer.whileFrozen({ path, maxFrozenMs: 30_000 }, () => host.close(), signal);

    await expect(closing).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));
    expect(await listRecords()).toEqual([]);
  });

  async function addRecord(record: object): Promise<void> {
    await mkdir(join(runDirectory, 'frozen'));
    await writeFile(join(runDirectory, 'frozen', 'left-over.json'), JSON.stringify(record));
  }
});

describe.skipIf(skipsRootTests())('Freezer', () => {
  it('refuses a directory that nothing is mounted at', async () => {
    await using made = await makeTestHost();

    const freezing = made.host.freezer.whileFrozen(
      { path: made.runDirectory, maxFrozenMs: 1000 },
      () => Promise.resolve(),
      signal,
    );

    await expect(freezing).rejects.toSatisfy((error) => isDriverError(error, 'PRECONDITION_FAILED'));
  });
});

async function findHelper(path: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes('freeze-helper') && words.includes(path)) return Number(pid);
  }
  throw new Error(`No helper holds ${path}.`);
}
