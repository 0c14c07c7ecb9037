import { describe, expect, it } from 'vitest';
import { describeForgetting } from './forgetting.ts';

describe('what is run when the data of a pool is gone for good', () => {
  it.each([
    ['machine', 'run "stowage pools forget aaaaaaaa --local" with the --config of this program'],
    [
      'node',
      'run "stowage pools forget aaaaaaaa" on a controller, and "stowage pools forget aaaaaaaa --local" on this node',
    ],
    ['cluster', 'run "stowage pools forget aaaaaaaa" on a controller'],
  ] as const)('is for whoever knows of it: %s', (by, sentence) => {
    expect(describeForgetting('aaaaaaaa', by)).toBe(sentence);
  });
});
