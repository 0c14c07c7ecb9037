import { describe, expect, it } from 'vitest';
import { formatQuantity, parseQuantity, Quantity } from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['1Ki', 1024],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['10G', 1e10],
    ['8Pi', 8 * 2 ** 50 > Number.MAX_SAFE_INTEGER ? undefined : 8 * 2 ** 50],
    ['', undefined],
    ['-1Gi', undefined],
    ['1GiB', undefined],
    ['ten', undefined],
  ])('reads %j as %j', (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes);
  });
});

describe('Quantity', () => {
  it('takes a number of bytes or a quantity', () => {
    expect(Quantity.parse(5)).toBe(5);
    expect(Quantity.parse('1Mi')).toBe(2 ** 20);
  });

  it('says what to write instead', () => {
    expect(Quantity.safeParse('big').error?.issues[0]?.message).toContain('10Gi');
  });
});

describe('formatQuantity', () => {
  it.each([
    [0, '0'],
    [1023, '1023'],
    [1024, '1Ki'],
    [1.5 * 2 ** 30, '1.5Gi'],
    [99.96 * 2 ** 30, '100Gi'],
    [1023.9 * 2 ** 20, '1Gi'],
    [2 ** 53, '8Pi'],
    [5000 * 2 ** 50, '5000Pi'],
  ])('%d is %s', (bytes, text) => {
    expect(formatQuantity(bytes)).toBe(text);
  });
});
