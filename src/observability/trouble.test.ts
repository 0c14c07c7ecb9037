import { describe, expect, it } from 'vitest';
import { keepLog } from '../../test/support/log-lines.ts';
import { Trouble } from './trouble.ts';

describe('a trouble', () => {
  it('is said when it begins, when it becomes another one, and when it is over; not when it goes on', () => {
    const { logger, lines, say } = keepLog();
    const trouble = new Trouble(logger, 'error');

    trouble.end('It works');
    for (const why of ['No rights.', 'No rights.', 'No disk.', 'No disk.']) {
      trouble.note('It does not work', new Error(why), { pool: 'ssd' });
    }
    trouble.end('It works', { pool: 'ssd' });
    trouble.end('It works');

    expect(say()).toEqual([
      'error It does not work: No rights.',
      'error It does not work: No disk.',
      'info It works',
    ]);
    expect(lines.map(({ level }) => level)).toEqual(['error', 'debug', 'error', 'debug', 'info']);
    expect(lines.every(({ fields }) => fields['pool'] === 'ssd')).toBe(true);
  });

  it('is said again when it begins again', () => {
    const { logger, say } = keepLog();
    const trouble = new Trouble(logger);

    trouble.note('It does not work', new Error('No rights.'));
    trouble.end();
    trouble.note('It does not work', new Error('No rights.'));

    expect(say()).toHaveLength(2);
  });

  it('is told to whoever asks while it lasts', () => {
    const trouble = new Trouble(keepLog().logger);

    expect(trouble.sentence).toBeUndefined();
    trouble.note('It does not work', new Error('No rights.'));
    expect(trouble.sentence).toBe('No rights.');
    trouble.end();
    expect(trouble.sentence).toBeUndefined();
  });
});
