import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEBIAN_RELEASE, readPackages } from './packages.ts';
import { runProgram } from './run-program.ts';

/** What mmdebstrap leaves for the machine that boots from its root; a container gets these from its runtime. */
const DEVICE_NODES = './dev/*';

/**
 * The layer with Debian and the programs of image/packages.txt: the path of its tar archive, in a cache outside of the tree that
 * survives `make clean`. IMAGE_REFRESH=1 makes it again with the newest packages. Needs root, mmdebstrap and Debian's archive.
 */
export async function ensureDebianLayer(root: string): Promise<string> {
  const packages = await readPackages(root);
  const strip = join(root, 'image', 'strip.sh');
  const key = createHash('sha256')
    .update(JSON.stringify([DEBIAN_RELEASE, process.arch, packages, await readFile(strip, 'utf8')]))
    .update(await readFile(import.meta.filename))
    .digest('hex')
    .slice(0, 16);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'stowage', 'image');
  const layer = join(cache, `debian-${key}.tar`);
  if (process.env['IMAGE_REFRESH'] !== '1' && (await exists(layer))) return layer;
  await mkdir(cache, { recursive: true });
  const making = `${layer}.${process.pid}`;
  try {
    console.log(`Making the Debian layer of the image, with ${packages.join(', ')} (about a minute) …`);
    await runProgram(toArgv({ packages, strip, target: making }));
    await runProgram(['tar', '--delete', '--wildcards', '-f', making, DEVICE_NODES]);
    await rename(making, layer);
  } finally {
    await rm(making, { force: true });
  }
  return layer;
}

interface MakeOptions {
  readonly packages: readonly string[];
  /** The script that runs in the finished root. */
  readonly strip: string;
  readonly target: string;
}

function toArgv({ packages, strip, target }: MakeOptions): readonly [string, ...string[]] {
  return [
    'mmdebstrap',
    '--quiet',
    '--mode=root',
    '--format=tar',
    // Without apt: nothing is ever installed in a running container.
    '--variant=essential',
    // Otherwise a package that merges /usr comes along, and perl with it.
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    '--aptopt=APT::Install-Recommends "false"',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    `--include=${packages.join(',')}`,
    `--customize-hook=copy-in ${strip} /tmp`,
    '--customize-hook=chroot "$1" sh /tmp/strip.sh',
    '--customize-hook=rm "$1/tmp/strip.sh"',
    DEBIAN_RELEASE,
    target,
  ];
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
