import { describe, expect, it } from 'vitest';
import { keepLog } from '../../test/support/log-lines.ts';
import { Admissions } from './admissions.ts';

const WORD = { poolName: 'ssd', knownPoolId: 'aaaaaaaa', clusterId: 'cluster' };

/** As a place does whose disk is not mounted: asked about, admitted, and not what it should be. */
function tryInVain(admissions: Admissions, word = WORD): void {
  admissions.wait('ssd');
  admissions.admit(word);
  admissions.settle('ssd');
}

describe('places that wait for a word', () => {
  it('say so once, and what was said when it is something new, however often they ask', () => {
    const { logger, lines, say } = keepLog();
    const admissions = new Admissions(logger);

    for (let attempts = 0; attempts < 3; attempts += 1) tryInVain(admissions);
    tryInVain(admissions, { ...WORD, knownPoolId: 'bbbbbbbb' });

    expect(say()).toEqual([
      'info A pool waits to be admitted by a controller',
      'info A pool was admitted by a controller',
      'info A pool was admitted by a controller',
    ]);
    expect(lines).toHaveLength(8);
  });

  it('say so anew after the pool has been open', () => {
    const { logger, say } = keepLog();
    const admissions = new Admissions(logger);

    tryInVain(admissions);
    admissions.finish('ssd');
    tryInVain(admissions);

    expect(say()).toHaveLength(4);
  });
});
