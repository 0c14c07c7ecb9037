import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const HOW_TO = resolve(import.meta.dirname, '../../docs/how-to');

/** The first manifest on a page of docs/how-to. Throws when there is none. */
export async function readManifest(page: string): Promise<string> {
  const text = await readFile(`${HOW_TO}/${page}.md`, 'utf8');
  const manifest = /^```yaml\n(.*?)^```$/ms.exec(text)?.[1];
  if (manifest === undefined) throw new Error(`There is no manifest in ${page}.md.`);
  return manifest;
}
