import { describe, expect, it } from 'vitest';
import { renderText } from '../support/helm.ts';

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
