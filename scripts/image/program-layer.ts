import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

/** Where the bundle is in the image; the Dockerfile copies it to the same place. */
const BUNDLE_DIRECTORY = 'opt/stowage';

/** The layer with Node.js and the bundle in dist/, made in `scratch`: the path of its tar archive. */
export async function createProgramLayer(root: string, scratch: string): Promise<string> {
  const layer = `${scratch}.tar`;
  const bin = join(scratch, 'usr', 'local', 'bin');
  await mkdir(bin, { recursive: true });
  await cp(join(root, 'node_modules', 'node', 'bin', 'node'), join(bin, 'node'));
  await symlink(`/${BUNDLE_DIRECTORY}/stowage.js`, join(bin, 'stowage'));
  await copyBundle(join(root, 'dist'), join(scratch, BUNDLE_DIRECTORY));
  await runProgram([
    'tar',
    '--create',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
    `--directory=${scratch}`,
    `--file=${layer}`,
    'opt',
    'usr',
  ]);
  return layer;
}

/** All of dist/ but what is made from it; source maps are for those who have the sources. */
async function copyBundle(dist: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const name of await readdir(dist)) {
    if (name === 'image' || name.endsWith('.map')) continue;
    await cp(join(dist, name), join(target, name), { recursive: true });
  }
}
