import { describe, expect, it } from 'vitest';
import { LineWatch } from './line-watch.ts';

function watch(...chunks: readonly (string | Uint8Array)[]): readonly string[] {
  const lines: string[] = [];
  const watching = new LineWatch((line) => lines.push(line));
  for (const chunk of chunks) watching.append(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return lines;
}

describe('lines', () => {
  it('are whole, however they come', () => {
    expect(watch('one\ntw', 'o', '\n\nthr', 'ee\nunfinished')).toEqual(['one', 'two', '', 'three']);
  });

  it('are whole when a character comes in two pieces', () => {
    const text = Buffer.from('ü\n');

    expect(watch(text.subarray(0, 1), text.subarray(1))).toEqual(['ü']);
  });

  it('are held in part only when they are far too long', () => {
    const [line = ''] = watch('x'.repeat(40_000), 'the end', '\n');

    expect(line.length).toBe(16 * 1024);
    expect(line.endsWith('the end')).toBe(true);
  });
});
