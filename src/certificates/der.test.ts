import { describe, expect, it } from 'vitest';
import {
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
  yes,
} from './der.ts';

describe('DER', () => {
  it.each([
    ['an integer', integer(Buffer.of(5)), '020105'],
    ['zero', integer(Buffer.of(0, 0)), '020100'],
    ['an integer without leading zeros', integer(Buffer.of(0, 0, 1)), '020101'],
    ['an integer that would look negative', integer(Buffer.of(0x80)), '02020080'],
    ['an object identifier', objectIdentifier('2.5.29.19'), '0603551d13'],
    ['an object identifier with long arcs', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['true', yes(), '0101ff'],
    ['bits', bitString(Buffer.of(0x86), 1), '03020186'],
    ['bytes', octetString(Buffer.of(1, 2)), '04020102'],
    ['a text', utf8String('ü'), '0c02c3bc'],
    ['a sequence', sequence(yes(), integer(Buffer.of(1))), '30060101ff020101'],
    ['an empty sequence', sequence(), '3000'],
    ['a set', setOf(yes()), '31030101ff'],
    ['an explicit tag', explicit(3, yes()), 'a3030101ff'],
    ['an implicit tag', implicit(2, Buffer.from('a')), '820161'],
  ])('writes %s', (_what, bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex);
  });

  it.each([
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [70_000, '0483011170'],
  ])('writes a length of %d', (length, start) => {
    const bytes = octetString(Buffer.alloc(length));

    expect(bytes.toString('hex').startsWith(start)).toBe(true);
    expect(bytes).toHaveLength(start.length / 2 + length);
  });

  it.each([
    ['2026-11-24T15:00:59.999Z', `170d${Buffer.from('261124150059Z').toString('hex')}`],
    ['2049-12-31T23:59:59Z', `170d${Buffer.from('491231235959Z').toString('hex')}`],
    ['2050-01-01T00:00:00Z', `180f${Buffer.from('20500101000000Z').toString('hex')}`],
  ])('writes the moment %s', (moment, hex) => {
    expect(time(new Date(moment)).toString('hex')).toBe(hex);
  });
});
