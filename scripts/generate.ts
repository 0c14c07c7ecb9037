import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateChart } from './generate/chart.ts';
import { generateCrds } from './generate/crds.ts';
import { generateProtoTypes } from './generate/proto-types.ts';
import { generateReference } from './generate/reference.ts';
import type { GeneratedTree } from './generate/tree.ts';
import { compareTrees, writeTree } from './generate/tree.ts';

/**
 * Makes every committed file that follows from another one; `--check` changes nothing and fails when one is out of date.
 * A new generator is one line here.
 */
const GENERATORS: readonly ((root: string) => Promise<GeneratedTree>)[] = [
  generateProtoTypes,
  generateReference,
  generateChart,
  generateCrds,
];

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
let stale = 0;
for (const generate of GENERATORS) {
  const tree = await generate(root);
  const differences = await compareTrees(root, tree);
  for (const difference of differences) console.log(difference);
  stale += differences.length;
  if (!values.check) await writeTree(root, tree);
}
if (values.check && stale > 0) {
  console.error(`${stale} generated files are out of date: run npm run generate and commit the result`);
  process.exitCode = 1;
}
