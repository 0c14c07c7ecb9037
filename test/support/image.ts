import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };

const exec = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const MAKES_WITHIN_MS = 15 * 60_000;

const Manifest = z.tuple([
  z.object({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.array(z.string()) }),
]);
const ImageConfig = z.object({
  architecture: z.string(),
  config: z.object({ Entrypoint: z.array(z.string()) }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/** An image archive, unpacked. */
export interface UnpackedImage {
  readonly sizeBytes: number;
  readonly names: readonly string[];
  readonly entrypoint: readonly string[];
  /** What the image says of its layers, and what the layers are. */
  readonly digests: { readonly said: readonly string[]; readonly found: readonly string[] };
  /** Its root file system. */
  readonly root: string;
}

/** Makes the image as `make image` does and unpacks it as container runtimes do. Needs root. */
export async function makeImage(directory: string): Promise<UnpackedImage> {
  await exec(process.execPath, [join(ROOT, 'scripts/image.ts')], { timeout: MAKES_WITHIN_MS });
  const archive = join(ROOT, 'dist', 'image', `stowage-${manifest.version}.tar`);
  const parts = join(directory, 'parts');
  const root = join(directory, 'root');
  await mkdir(parts, { recursive: true });
  await mkdir(root, { mode: 0o755 });
  await exec('tar', ['--extract', `--file=${archive}`, `--directory=${parts}`]);
  const [{ Config, RepoTags, Layers }] = Manifest.parse(await readJson(join(parts, 'manifest.json')));
  const config = ImageConfig.parse(await readJson(join(parts, Config)));
  const found: string[] = [];
  for (const layer of Layers) {
    const path = join(parts, layer);
    found.push(
      `sha256:${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`,
    );
    await exec('tar', ['--extract', '--numeric-owner', `--file=${path}`, `--directory=${root}`]);
  }
  return {
    sizeBytes: (await stat(archive)).size,
    names: RepoTags,
    entrypoint: config.config.Entrypoint,
    digests: { said: config.rootfs.diff_ids, found },
    root,
  };
}

/**
 * A program that runs its arguments as a container does: in a mount namespace whose root is that of the image, read-only, with the
 * machine's devices and, at the same path, one directory of the machine. Returns its argv.
 */
export async function createContainer(
  { root }: UnpackedImage,
  { shared, directory }: { readonly shared: string; readonly directory: string },
): Promise<readonly string[]> {
  const script = join(directory, 'container.sh');
  await mkdir(join(root, shared), { recursive: true });
  await writeFile(
    script,
    `set -e
root=$1 shared=$2
shift 2
mount --bind "$root" "$root"
cd "$root"
mount --rbind "$shared" ".$shared"
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -o remount,bind,ro .
pivot_root . mnt
cd /
# The image has no umount: that of the machine takes itself away.
chroot mnt umount -l /
exec "$@"
`,
  );
  return ['unshare', '--mount', '--propagation', 'private', 'sh', script, root, shared];
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
