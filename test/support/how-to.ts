import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const HOW_TO = resolve(import.meta.dirname, '../../docs/how-to');

/** All YAML on a page of docs/how-to, block by block. Throws when there is none. */
export async function readYamlBlocks(page: string): Promise<readonly string[]> {
  const text = await readFile(`${HOW_TO}/${page}.md`, 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error(`There is no YAML in ${page}.md.`);
  return blocks;
}

/** The first manifest on a page of docs/how-to. Throws when there is none. */
export async function readManifest(page: string): Promise<string> {
  const manifest = (await readYamlBlocks(page)).find((block) => /^apiVersion: /m.test(block));
  if (manifest === undefined) throw new Error(`There is no manifest in ${page}.md.`);
  return manifest;
}
