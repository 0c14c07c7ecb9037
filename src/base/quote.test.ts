import { describe, expect, it } from 'vitest';
import { quote } from './quote.ts';

describe('quote', () => {
  it.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['a\0b\n', '"a\\u0000b\\n"'],
    ['\u009b31m\u007f', '"\\u009b31m\\u007f"'],
    ['\u202egnp.exe', '"\\u202egnp.exe"'],
    ['"', '"\\""'],
    ['ü💾', '"ü💾"'],
  ])('shows %j', (text, shown) => {
    expect(quote(text)).toBe(shown);
  });

  it('cuts what is long and says how long it was', () => {
    const shown = quote('x'.repeat(10_240));

    expect(shown).toBe(`"${'x'.repeat(64)}"… (10240 characters)`);
  });

  it('never cuts a character in two', () => {
    expect(quote('💾'.repeat(65))).toBe(`"${'💾'.repeat(64)}"… (130 characters)`);
  });
});
