import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it('drops secret fields at any depth, and what is empty', () => {
    const request = {
      name: 'pvc-1',
      secrets: { password: 'hunter2' },
      parameters: {},
      volumeContentSource: null,
      startingToken: '',
      readonly: false,
      list: [{ secrets: { key: 'hunter2' }, volumeId: 'v' }],
    };

    const copy = redact(request);

    expect(copy).toEqual({ name: 'pvc-1', readonly: false, list: [{ volumeId: 'v' }] });
    expect(JSON.stringify(copy)).not.toContain('hunter2');
    expect(request.secrets.password).toBe('hunter2');
  });

  it('bounds texts, lists and depth, because the caller decides how much it sends', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 1000; level++) deep = { deep };

    const copy = redact({
      text: 'x'.repeat(10_000),
      list: Array.from({ length: 5000 }, (_, index) => index),
      deep,
    });

    expect(JSON.stringify(copy).length).toBeLessThan(1000);
  });
});
