import { describe, expect, it } from 'vitest';
import { toOneLine } from './one-line.ts';

describe('one line', () => {
  it.each([
    ['a sentence.', 'a sentence.'],
    ['e2fsck said:\n  it is mounted.\r\n\n', 'e2fsck said: it is mounted.'],
    ['a\0b\u009b31m\u2028c', 'a b 31m c'],
    ['two  spaces', 'two  spaces'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['half \ud83d', 'half \ufffd'],
    ['\n', ''],
  ])('%j becomes %j', (text, line) => {
    expect(toOneLine(text, 100)).toBe(line);
  });

  it('is cut where it can still be encoded', () => {
    const line = toOneLine(`${'x'.repeat(8)}💾${'x'.repeat(100)}`, 10);

    expect(line).toHaveLength(10);
    expect(line.endsWith('…')).toBe(true);
    expect(line.isWellFormed()).toBe(true);
  });
});
