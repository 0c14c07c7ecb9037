import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runProgram } from './run-program.ts';

/** What an image is made of. */
export interface ImageOptions {
  /** Name and tag. */
  readonly name: string;
  readonly version: string;
  /** Paths of uncompressed tar archives, the lowest first. */
  readonly layers: readonly string[];
}

/** How image formats call processors. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'amd64',
  arm64: 'arm64',
};
/** No clock: the same layers make the same image. */
const CREATED = '1970-01-01T00:00:00Z';

/** Writes an image as `docker save` does (the format of manifest.json, which containerd imports too). */
export async function writeArchive(path: string, { name, version, layers }: ImageOptions): Promise<void> {
  const digests = await Promise.all(layers.map(hashFile));
  const config = JSON.stringify(describeImage(version, digests));
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  const layerNames = digests.map((digest) => `${digest}.tar`);
  const folder = `${path}.parts`;
  await mkdir(folder);
  try {
    await writeFile(join(folder, configName), config);
    await writeFile(
      join(folder, 'manifest.json'),
      JSON.stringify([{ Config: configName, RepoTags: [name], Layers: layerNames }]),
    );
    for (const [index, layer] of layers.entries()) {
      await symlink(layer, join(folder, layerNames[index] ?? `${index}.tar`));
    }
    const names = ['manifest.json', configName, ...layerNames];
    const same = ['--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=0644'];
    await runProgram([
      'tar',
      '--create',
      '--dereference',
      ...same,
      `--directory=${folder}`,
      `--file=${path}`,
      ...names,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function describeImage(version: string, digests: readonly string[]): object {
  return {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created: CREATED,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      // The first process of a container has to end what others leave behind, which the driver does not do.
      Entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/stowage'],
      WorkingDir: '/',
      Labels: {
        'org.opencontainers.image.title': 'stowage',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
    history: digests.map(() => ({ created: CREATED })),
  };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
