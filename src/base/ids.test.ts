import { describe, expect, it } from 'vitest';
import { hashName, randomId, toBase32 } from './ids.ts';

describe('toBase32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('encodes %j as RFC 4648 §10 does, in lower case without padding', (text, expected) => {
    expect(toBase32(Buffer.from(text))).toBe(expected);
  });
});

describe('hashName', () => {
  it('gives 26 characters that depend on every part and on where the parts end', () => {
    expect(hashName('cluster', 'pvc-1')).toMatch(/^[a-z2-7]{26}$/);
    expect(hashName('cluster', 'pvc-1')).toBe(hashName('cluster', 'pvc-1'));
    expect(hashName('cluster', 'pvc-1')).not.toBe(hashName('cluster', 'pvc-2'));
    expect(hashName('ab', 'c')).not.toBe(hashName('a', 'bc'));
  });
});

describe('randomId', () => {
  it('has the asked length and does not repeat', () => {
    const ids = Array.from({ length: 1000 }, () => randomId(8));

    expect(ids.every((id) => /^[a-z2-7]{8}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(1000);
  });
});
