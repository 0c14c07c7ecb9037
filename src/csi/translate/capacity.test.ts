import { describe, expect, it } from 'vitest';
import { parseBytes, toCapacityRange, toGetCapacityResponse, toWireBytes } from './capacity.ts';

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text, 'size')).toBe(bytes);
  });

  it.each([
    ['9007199254740992', 'SIZE_OUT_OF_RANGE'],
    ['9223372036854775807', 'SIZE_OUT_OF_RANGE'],
    ['-1', 'INVALID_ARGUMENT'],
    ['-9223372036854775808', 'INVALID_ARGUMENT'],
    ['', 'INVALID_ARGUMENT'],
    ['1.5', 'INVALID_ARGUMENT'],
    ['1e3', 'INVALID_ARGUMENT'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => parseBytes(text, 'size')).toThrow(expect.objectContaining({ code }));
  });
});

describe('toCapacityRange', () => {
  it.each([
    [null, undefined],
    [
      { requiredBytes: '5', limitBytes: '0' },
      { requiredBytes: 5, limitBytes: undefined },
    ],
    [
      { requiredBytes: '0', limitBytes: '7' },
      { requiredBytes: undefined, limitBytes: 7 },
    ],
    [
      { requiredBytes: '5', limitBytes: '5' },
      { requiredBytes: 5, limitBytes: 5 },
    ],
  ])('reads %j', (wire, range) => {
    expect(toCapacityRange(wire)).toEqual(range);
  });

  it.each([
    [{ requiredBytes: '0', limitBytes: '0' }, 'INVALID_ARGUMENT'],
    [{ requiredBytes: '6', limitBytes: '5' }, 'INVALID_ARGUMENT'],
    [{ requiredBytes: '-6', limitBytes: '0' }, 'INVALID_ARGUMENT'],
    [{ requiredBytes: '1', limitBytes: '-5' }, 'INVALID_ARGUMENT'],
    [{ requiredBytes: '9007199254740992', limitBytes: '0' }, 'SIZE_OUT_OF_RANGE'],
  ])('refuses %j with %s', (wire, code) => {
    expect(() => toCapacityRange(wire)).toThrow(expect.objectContaining({ code }));
  });
});

describe('sizes for the wire', () => {
  it('are integers as text, without an exponent', () => {
    expect(toWireBytes(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991');
  });

  it('wrap bounds of a volume only when there are any', () => {
    expect(
      toGetCapacityResponse({ availableBytes: 10, maximumVolumeBytes: 5, minimumVolumeBytes: undefined }),
    ).toEqual({ availableCapacity: '10', maximumVolumeSize: { value: '5' }, minimumVolumeSize: null });
  });

  it('know no negative room', () => {
    const response = toGetCapacityResponse({
      availableBytes: -10,
      maximumVolumeBytes: undefined,
      minimumVolumeBytes: undefined,
    });

    expect(response.availableCapacity).toBe('0');
  });
});
