/** `make manifests`: writes the manifests in deploy/ from the chart. A test of the chart fails when it is out of date. */
import { join } from 'node:path';
import { renderManifests } from './chart/manifests.ts';
import { compareTrees, writeTree } from './generate/tree.ts';

const root = join(import.meta.dirname, '..');
const tree = await renderManifests(root);
for (const difference of await compareTrees(root, tree)) console.log(difference);
await writeTree(root, tree);
