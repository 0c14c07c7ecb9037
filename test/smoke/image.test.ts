import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { createContainer, makeImage, type UnpackedImage } from '../support/image.ts';
import { createKubelet } from '../support/kubelet.ts';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

const exec = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MAKES_WITHIN_MS = 16 * 60_000;

describe.skipIf(skipsRootTests())('the image', () => {
  let scratch: ScratchDirectory;
  let image: UnpackedImage;
  let container: readonly string[];

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    image = await makeImage(join(scratch.path, 'image'));
    const shared = join(scratch.path, 'shared');
    await mkdir(shared);
    container = await createContainer(image, { shared, directory: scratch.path });
  }, MAKES_WITHIN_MS);
  afterAll(async () => await scratch?.[Symbol.asyncDispose]());

  async function runInside(...argv: readonly string[]): Promise<string> {
    const [program = '', ...args] = [...container, ...argv];
    return (await exec(program, args)).stdout.trim();
  }

  it('is what its archive says', () => {
    expect(image.names).toEqual([`stowage:${manifest.version}`]);
    expect(image.digests.found).toEqual(image.digests.said);
  });

  it('has no program that gives its caller the rights of another', async () => {
    expect(await runInside('find', '/usr', '/opt', '-xdev', '-type', 'f', '-perm', '/6000')).toBe('');
  });

  it('is no larger than Node.js and the tools for file systems make it', () => {
    expect(Math.round(image.sizeBytes / MIB)).toBeLessThan(220);
  });

  it('runs the driver as its first program, as root and as anybody', async () => {
    const version = `stowage ${manifest.version} (Node.js ${process.versions.node})`;

    expect(await runInside('stowage', 'version')).toBe(version);
    expect(
      await runInside('setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', 'stowage', 'version'),
    ).toBe(version);
    expect(image.entrypoint).toEqual(['/usr/bin/tini', '--', '/usr/local/bin/stowage']);
  });

  it.each([
    'tini',
    'bwrap',
    'rm',
    'cp',
    'du',
    'tar',
    'nice',
    'ionice',
    'mkfs.ext4',
    'e2fsck',
    'resize2fs',
    'mkfs.xfs',
    'mkfs.btrfs',
  ])('has %s', async (program) => {
    await expect(runInside('sh', '-c', `command -v ${program}`)).resolves.toContain(program);
  });

  it.each(['npm', 'npx', 'corepack', 'apt-get', 'gcc', 'cc', 'make', 'python3', 'curl'])(
    'has no %s',
    async (program) => {
      expect(await runInside('sh', '-c', `command -v ${program} || echo absent`)).toBe('absent');
    },
  );

  it('has all that volumes need: file systems of each kind, and trees copied and removed in the sandbox', async () => {
    const directory = join(scratch.path, 'shared', 'server');
    const backing = { type: 'file', path: join(directory, 'pool.img'), size: 4 * GIB, sparse: true };
    await using server = await startServer({
      directory,
      pools: [{ name: 'scratch', path: join(directory, 'pool'), backing }],
      program: [...container, '/usr/bin/tini', '-s', '--', 'stowage'],
    });
    const kubelet = await createKubelet({ ...server, directory: join(directory, 'kubelet') });

    for (const use of ['ext4', 'xfs', 'btrfs'] as const) {
      const volume = await kubelet.create({ sizeBytes: 512 * MIB, parameters: { layout: 'image' }, use });
      const mounted = await kubelet.stage(volume);
      await kubelet.unstage(mounted);
      await kubelet.remove(volume);
    }
    const tree = {
      sizeBytes: 64 * MIB,
      parameters: { layout: 'directory', quota: 'none' },
      use: '',
    } as const;
    const source = await kubelet.create(tree);
    const copy = await kubelet.create({ ...tree, from: { volumeId: source.volumeId } });
    await kubelet.remove(source);
    await kubelet.remove(copy);

    expect((await server.controller.ListVolumes({})).entries).toEqual([]);
    expect(server.logs().filter((line) => line.includes('"level":"error"'))).toEqual([]);
    expect(await server.stop()).toBe(0);
  });
});

describe('the Dockerfile', () => {
  it('makes the same image: packages, places, first program', async () => {
    const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');

    expect(dockerfile).toContain('image/packages.txt');
    expect(dockerfile).toContain('sh /tmp/image/strip.sh');
    expect(dockerfile).toContain('FROM debian:bookworm-slim');
    expect(dockerfile).toContain('ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/stowage"]');
    expect(dockerfile).toContain('/opt/stowage');
  });
});
