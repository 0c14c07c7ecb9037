import { describe, expect, it } from 'vitest';
import { formatReport, parseOrderArguments, parseReport, toOrderArguments } from './freeze-protocol.ts';

describe('the words between the freezer and its helper', () => {
  it('carry an order whole', () => {
    const order = { mountPoint: '/a b', majorMinor: '7:1', maxFrozenMs: 500 };

    expect(parseOrderArguments(toOrderArguments(order))).toEqual(order);
  });

  it.each([[[]], [['/a', '7:1']], [['/a', '7:1', 'soon']]])('refuse the order %j', (words) => {
    expect(() => parseOrderArguments(words)).toThrow('Usage');
  });

  it.each([
    { state: 'frozen' },
    { state: 'thawed' },
    { state: 'expired' },
    { state: 'failed', code: 'EBUSY', message: 'It is busy.' },
  ] as const)('carry the report $state', (report) => {
    expect(parseReport(formatReport(report))).toEqual(report);
  });

  it('skip lines that are no report', () => {
    expect(parseReport('(node:1) Warning: something')).toBeUndefined();
  });
});
