import { execFile } from 'node:child_process';
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FS_TYPES, type FsType } from '../../src/domain/access.ts';
import { createCommands } from '../../src/host/commands.ts';
import { createFilesystems } from '../../src/host/filesystems/index.ts';
import {
  createFormatter,
  type FormatRequest,
  type FormatStep,
  type Formatter,
} from '../../src/host/formatter.ts';
import { getIntentRange, parseIntent, writeIntent } from '../../src/host/formatter-intent.ts';
import type { Commands } from '../../src/host/host.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const NONE = new AbortController().signal;
const MIB = 1024 * 1024;
const SIZE_BYTES = 320 * MIB;
const DIES = resolve(import.meta.dirname, '../support/format-and-die.ts');

describe.skipIf(skipsRootTests())('the formatter on real devices', () => {
  let scratch: ScratchDirectory;
  let syscalls: Syscalls;
  let commands: Commands;
  let count = 0;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    syscalls = createSyscalls();
    commands = createCommands({ logger: silentLogger });
  });
  afterAll(async () => {
    await syscalls.close();
    await scratch[Symbol.asyncDispose]();
  });

  function openFormatter(
    using: Commands = commands,
    onStep?: (step: FormatStep) => Promise<void>,
  ): Formatter {
    const filesystems = createFilesystems({ commands: using, syscalls });
    return createFormatter({ filesystems, syscalls, logger: silentLogger, ...(onStep && { onStep }) });
  }

  async function makeDevice(sizeBytes = SIZE_BYTES): Promise<string> {
    count += 1;
    const file = join(scratch.path, `${count}.img`);
    await writeFile(file, '');
    await truncate(file, sizeBytes);
    const { device } = await syscalls.attachLoop(
      { file, readOnly: false, directIo: true, sectorSizeBytes: 512 },
      NONE,
    );
    onTestFinished(async () => void (await exec('losetup', ['--detach', device])));
    return device;
  }

  function toRequest(device: string, fsType: FsType, volumeId = 'volume-1'): FormatRequest {
    return { device, volumeId, expectedSizeBytes: SIZE_BYTES, fsType, label: 'stowage' };
  }

  async function whileMounted<T>(
    device: string,
    fsType: FsType,
    work: (path: string) => Promise<T>,
  ): Promise<T> {
    const target = join(scratch.path, `mnt-${(count += 1)}`);
    await mkdir(target);
    const data = fsType === 'xfs' ? 'nouuid' : '';
    await syscalls.mount({ source: device, target, fsType, flags: [], data }, NONE);
    try {
      return await work(target);
    } finally {
      await syscalls.unmount({ target }, NONE);
    }
  }

  async function readIntentOf(device: string): Promise<string> {
    await using file = await open(device, 'r');
    const { offset, length } = getIntentRange(SIZE_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
    return parseIntent(buffer).kind;
  }

  describe.each(FS_TYPES)('%s', (fsType) => {
    it('is made on a blank device, and kept from then on with what was written', async () => {
      const request = toRequest(await makeDevice(), fsType);

      const first = await openFormatter().ensureFormatted(request, NONE);
      await whileMounted(request.device, fsType, async (path) => await writeFile(join(path, 'data'), 'kept'));
      const second = await openFormatter().ensureFormatted(request, NONE);

      expect([first, second]).toEqual([{ made: true }, { made: false }]);
      const data = await whileMounted(
        request.device,
        fsType,
        async (path) => await readFile(join(path, 'data'), 'utf8'),
      );
      expect(data).toBe('kept');
      expect(await readIntentOf(request.device)).toBe('none');
    });

    it('is kept while it is mounted', async () => {
      const request = toRequest(await makeDevice(), fsType);
      await openFormatter().ensureFormatted(request, NONE);

      const again = await whileMounted(
        request.device,
        fsType,
        async () => await openFormatter().ensureFormatted(request, NONE),
      );

      expect(again).toEqual({ made: false });
    });

    it('has the header on the disk from before mkfs until after it', async () => {
      const request = toRequest(await makeDevice(), fsType);
      const seen: string[] = [];
      const onStep = async (step: FormatStep): Promise<void> => {
        seen.push(`${step}: ${await readIntentOf(request.device)}`);
      };

      await openFormatter(commands, onStep).ensureFormatted(request, NONE);

      expect(seen).toEqual([
        'inspected: none',
        'intent-written: intent',
        'made: intent',
        'verified: intent',
        'intent-erased: none',
      ]);
    });

    it.each<[FormatStep, boolean]>([
      ['inspected', true],
      ['intent-written', true],
      ['made', true],
      ['verified', true],
      ['intent-erased', false],
    ])('is made by the next call when the process is killed after "%s"', async (step, isMadeAgain) => {
      const request = toRequest(await makeDevice(), fsType);
      const death = exec(process.execPath, [DIES, JSON.stringify(request), step]);
      await expect(death).rejects.toMatchObject({ signal: 'SIGKILL' });

      const { made } = await openFormatter().ensureFormatted(request, NONE);

      expect(made).toBe(isMadeAgain);
      expect(await readIntentOf(request.device)).toBe('none');
      await whileMounted(request.device, fsType, async (path) => await writeFile(join(path, 'file'), 'x'));
    });

    it.each([1, 2, 3, 5, 8, 13, 21])(
      'is made by the next call when mkfs is killed after %i ms',
      async (delayMs) => {
        const request = toRequest(await makeDevice(), fsType);
        const impatient: Commands = {
          ...commands,
          run: async (command, signal) =>
            await commands.run(command, AbortSignal.any([signal, AbortSignal.timeout(delayMs)])),
        };
        const wasMade = await openFormatter(impatient)
          .ensureFormatted(request, NONE)
          .then(
            () => true,
            () => false,
          );

        const { made } = await openFormatter().ensureFormatted(request, NONE);

        expect(made).toBe(!wasMade);
        await whileMounted(request.device, fsType, async (path) => await writeFile(join(path, 'file'), 'x'));
      },
    );

    it('is not made over another file system', async () => {
      const other: FsType = fsType === 'ext4' ? 'xfs' : 'ext4';
      const device = await makeDevice();
      await openFormatter().ensureFormatted(toRequest(device, other), NONE);

      const attempt = openFormatter().ensureFormatted(toRequest(device, fsType), NONE);

      await expect(attempt).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringMatching(
          new RegExp(`another type than ${fsType}: ${other} labelled "stowage"`),
        ),
      });
      await expect(whileMounted(device, other, async () => 'mounts')).resolves.toBe('mounts');
    });

    it('is not taken over from an unfinished mkfs of another volume', async () => {
      const device = await makeDevice();
      const before = toRequest(device, fsType, 'volume-of-somebody-else');
      await expect(exec(process.execPath, [DIES, JSON.stringify(before), 'made'])).rejects.toMatchObject({
        signal: 'SIGKILL',
      });

      const attempt = openFormatter().ensureFormatted(toRequest(device, fsType), NONE);

      await expect(attempt).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('volume-of-somebody-else'),
      });
    });
  });

  it.each([
    ['swap space', ['mkswap', '-f']],
    ['an ext2 file system', ['mkfs.ext2', '-q', '-F']],
    ['an ext3 file system', ['mkfs.ext3', '-q', '-F']],
  ] as const)('refuses %s, and names it', async (name, [program, ...args]) => {
    const device = await makeDevice();
    await exec(program, [...args, device]);

    const attempt = openFormatter().ensureFormatted(toRequest(device, 'ext4'), NONE);

    await expect(attempt).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(name),
    });
  });

  it.each([0, 700_000, 64 * MIB + 4095, SIZE_BYTES - MIB, SIZE_BYTES - 1])(
    'refuses a device with a single byte at %i that nobody knows',
    async (offset) => {
      const device = await makeDevice();
      await using file = await open(device, 'r+');
      await file.write(Buffer.from([1]), 0, 1, offset);
      await file.sync();

      const attempt = openFormatter().ensureFormatted(toRequest(device, 'ext4'), NONE);

      await expect(attempt).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('none of the formats'),
      });
    },
  );

  it('refuses a device of another size than the volume', async () => {
    const request = { ...toRequest(await makeDevice(), 'ext4'), expectedSizeBytes: SIZE_BYTES + MIB };

    const attempt = openFormatter().ensureFormatted(request, NONE);

    await expect(attempt).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('refuses a device that is too small', async () => {
    const device = await makeDevice(100 * MIB);

    const attempt = openFormatter().ensureFormatted(
      { ...toRequest(device, 'xfs'), expectedSizeBytes: 100 * MIB },
      NONE,
    );

    await expect(attempt).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
  });

  it('refuses a blank device that somebody else holds', async () => {
    const device = await makeDevice();
    await using holder = await holdExclusively(device);

    const attempt = openFormatter().ensureFormatted(toRequest(device, 'ext4'), NONE);

    await expect(attempt).rejects.toMatchObject({ code: 'VOLUME_IN_USE' });
    expect(holder.pid).toBeGreaterThan(0);
  });

  it('never takes a device that cannot be read for blank', async () => {
    const device = await makeDevice();
    // The file behind it ends early: reads beyond that end fail.
    await truncate(join(scratch.path, `${count}.img`), 100 * MIB);

    const attempt = openFormatter().ensureFormatted(toRequest(device, 'ext4'), NONE);

    await expect(attempt).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('takes no notice of what looks like its header inside a file system', async () => {
    const request = toRequest(await makeDevice(), 'ext4');
    await openFormatter().ensureFormatted(request, NONE);
    await exec('resize2fs', [request.device]);
    await using file = await open(request.device, 'r+');
    await writeIntent(file, {
      volumeId: request.volumeId,
      fsType: 'ext4',
      deviceBytes: SIZE_BYTES,
      nonce: 'forged',
    });

    const again = await openFormatter().ensureFormatted(request, NONE);

    expect(again).toEqual({ made: false });
  });

  it('serves two callers of one device one after the other', async () => {
    const request = toRequest(await makeDevice(), 'ext4');
    const formatter = openFormatter();

    const results = await Promise.all([
      formatter.ensureFormatted(request, NONE),
      formatter.ensureFormatted(request, NONE),
    ]);

    expect(results).toEqual([{ made: true }, { made: false }]);
  });
});

/** Another process that has the device open with O_EXCL, until it is disposed. */
async function holdExclusively(device: string): Promise<AsyncDisposable & { readonly pid: number }> {
  const program = `import os,sys; os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL); print('held', flush=True); sys.stdin.read()`;
  const child = execFile('python3', ['-c', program, device]);
  await new Promise((onHeld) => child.stdout?.once('data', onHeld));
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((onEnd) => child.once('exit', onEnd));
      child.stdin?.end();
      await ended;
    },
  };
}
