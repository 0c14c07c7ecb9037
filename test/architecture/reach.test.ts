import { describe, expect, it } from 'vitest';
import { listReachViolations } from './reach.ts';
import { isTestFile, readSourceFiles } from './source-files.ts';

const NODE = 'src/main/node.ts';
const CONTROLLER = 'src/main/controller.ts';

function listViolationsOf(sources: Readonly<Record<string, string>>): readonly string[] {
  return listReachViolations(Object.entries(sources).map(([path, text]) => ({ path, text })));
}

describe('what a program loads', () => {
  it('holds nothing that it has to do without', () => {
    expect(listReachViolations(readSourceFiles('src').filter((file) => !isTestFile(file)))).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['programs that do not exist', { 'src/main/cli.ts': `import { a } from '../k8s/client.ts';` }],
    ['a controller with a client', { [CONTROLLER]: `import { a } from '../k8s/client.ts';` }],
    ['a node with privileges', { [NODE]: `import { a } from '../host/host.ts';` }],
    ['types of what is not loaded', { [CONTROLLER]: `import type { Host } from '../host/host.ts';` }],
    [
      'a circle',
      { [NODE]: `import { a } from './a.ts';`, 'src/main/a.ts': `import { b } from './node.ts';` },
    ],
  ])('may hold: %s', (_what, sources) => {
    expect(listViolationsOf(sources)).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['a client in the node', { [NODE]: `import { a } from '../k8s/client.ts';` }],
    ['a client that is loaded later', { [NODE]: `const a = await import('../k8s/client.ts');` }],
    ['the library itself', { [NODE]: `const a = await import('@kubernetes/client-node');` }],
    ['a part of the library', { [NODE]: `import '@kubernetes/client-node/dist/config.js';` }],
    ['a client that is handed on', { [NODE]: `export { a } from '../k8s/client.ts';` }],
    ['an import that is kept for its effects', { [NODE]: `import { type A } from '../k8s/client.ts';` }],
    [
      'a client by two others',
      {
        [NODE]: `import { a } from './a.ts';`,
        'src/main/a.ts': `const b = await import('../pools/b.ts');`,
        'src/pools/b.ts': `import { c } from '../k8s/c.ts';`,
      },
    ],
    ['privileges in the controller', { [CONTROLLER]: `import { a } from '../host/host.ts';` }],
    ['a system call in the controller', { [CONTROLLER]: `import koffi from 'koffi';` }],
  ])('must not hold: %s', (_what, sources) => {
    expect(listViolationsOf(sources)).toHaveLength(1);
  });

  it('is told with the way that leads there', () => {
    const violations = listViolationsOf({
      [NODE]: `import { a } from './a.ts';`,
      'src/main/a.ts': `import { b } from '../k8s/b.ts';`,
    });

    expect(violations).toEqual([
      'src/main/node.ts → src/main/a.ts → src/k8s/b.ts: src/main/node.ts has to do without it',
    ]);
  });
});
