/**
 * `make image`: the image of the Dockerfile made without a container engine, as an archive that `docker load` and `ctr images import`
 * read: dist/image/stowage-VERSION.tar. The same inputs make the same bytes.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { writeArchive } from './image/archive.ts';
import { ensureDebianLayer } from './image/debian-layer.ts';
import { createProgramLayer } from './image/program-layer.ts';
import { runProgram } from './image/run-program.ts';

const ROOT = resolve(import.meta.dirname, '..');
const IMAGES = join(ROOT, 'dist', 'image');
const MIB = 2 ** 20;

const archive = join(IMAGES, `stowage-${manifest.version}.tar`);
const scratch = join(IMAGES, `.making-${process.pid}`);

if (process.getuid?.() !== 0) {
  console.error('Device nodes and owners of the image can only be made by root: run it as root.');
  process.exit(1);
}
await runProgram([process.execPath, join(ROOT, 'scripts/build.ts')]);
await mkdir(scratch, { recursive: true });
try {
  const layers = [await ensureDebianLayer(ROOT), await createProgramLayer(ROOT, join(scratch, 'program'))];
  const written = join(scratch, 'archive.tar');
  await writeArchive(written, { name: `stowage:${manifest.version}`, version: manifest.version, layers });
  await rename(written, archive);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
const { size } = await stat(archive);
console.log(
  `Made dist/image/stowage-${manifest.version}.tar (${Math.round(size / MIB)} MiB) with the image stowage:${manifest.version}.`,
);
