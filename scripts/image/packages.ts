import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Debian's release that the image is of; the Dockerfile names it too. */
export const DEBIAN_RELEASE = 'bookworm';

/** The packages that image/packages.txt names, in its order. */
export async function readPackages(root: string): Promise<readonly string[]> {
  const text = await readFile(join(root, 'image', 'packages.txt'), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
