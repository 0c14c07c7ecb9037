import { expect, it } from 'vitest';
import { BoundedOutput } from './bounded-output.ts';

function collect(maximumBytes: number, ...chunks: readonly string[]): string {
  const output = new BoundedOutput(maximumBytes);
  for (const chunk of chunks) output.append(Buffer.from(chunk));
  return output.toString();
}

it('keeps everything within the limit', () => {
  expect(collect(8, 'abc', '', 'defgh')).toBe('abcdefgh');
});

it('drops what is too much from the middle, and says how much', () => {
  expect(collect(8, 'abc', 'defghij', 'klmnop')).toBe('abcd\n[8 bytes left out]\nmnop');
});
