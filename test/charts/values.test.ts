import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { renderText } from '../support/helm.ts';

const INSTALL_PAGE = resolve(import.meta.dirname, '../../docs/how-to/install.md');

describe('values that make no sense', () => {
  it.each([
    [
      'a key that nobody knows',
      { controler: { replicas: 3 } },
      "additional properties 'controler' not allowed",
    ],
    [
      'one inside of a pool',
      { drivers: { hostpath: { pools: [{ name: 'a', path: '/a', bakcing: {} }] } } },
      "at '/drivers/hostpath/pools/0': additional properties 'bakcing' not allowed",
    ],
    [
      'a parameter of a StorageClass',
      { storageClasses: [{ name: 'a', parameters: { poool: 'default' } }] },
      "additional properties 'poool' not allowed",
    ],
    [
      'text instead of a number',
      { controller: { replicas: 'two' } },
      "at '/controller/replicas': got string, want integer",
    ],
    [
      'a path that is relative',
      { kubeletDirectory: 'kubelet' },
      "at '/kubeletDirectory': 'kubelet' does not match pattern",
    ],
    [
      'a pool that is not there',
      { storageClasses: [{ name: 'a', parameters: { pool: 'fast' } }] },
      'storageClasses: a asks for the pool fast, but drivers.hostpath.pools has only default',
    ],
    [
      'half of the certificates',
      { tls: { agentSecret: 'a' } },
      'tls: set controllerSecret and agentSecret, or none of them',
    ],
  ])('are refused with a sentence: %s', async (_title, values, sentence) => {
    await expect(renderText({ values })).rejects.toThrow(sentence);
  });

  it('may have what helm adds to charts that are parts of others', async () => {
    await expect(renderText({ values: { global: { any: 'thing' } } })).resolves.toContain('kind: DaemonSet');
  });
});

describe('values that the documentation shows', () => {
  it('are taken', async () => {
    const text = await readFile(INSTALL_PAGE, 'utf8');
    const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) =>
      z.looseObject({}).parse(parse(yaml)),
    );

    expect(blocks.length).toBeGreaterThan(0);
    for (const values of blocks) await expect(renderText({ values })).resolves.toContain('kind: DaemonSet');
  });
});
