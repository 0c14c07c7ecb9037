import { describe, expect, it } from 'vitest';
import { toExpectations } from './expectations.ts';
import type { Answer, Line, Operation } from './journal.ts';

const volume: Operation = { kind: 'create-volume', name: 'v', shape: 'directory', sizeBytes: 10 };
const write = (file: string): Operation => ({ kind: 'write', volume: 'v', file, sha256: `sum of ${file}` });
const snapshot: Operation = { kind: 'create-snapshot', name: 's', volume: 'v' };

/** A journal in which each call was answered, but those after `undefined`. */
function journal(...calls: readonly (readonly [Operation, Answer | undefined])[]): readonly Line[] {
  return calls.flatMap(([operation, answer], index): Line[] => {
    const call = String(index);
    const asked: Line = { say: 'asked', call, operation };
    return answer === undefined ? [asked] : [asked, { say: 'answered', call, answer }];
  });
}

describe('what a journal promises', () => {
  it('a volume that was answered is there, with its id and the files that were synced', () => {
    const { volumes } = toExpectations(
      journal([volume, { id: 'i' }], [write('a'), {}], [write('b'), undefined]),
    );

    expect(volumes.get('v')).toMatchObject({
      answer: { id: 'i' },
      deletion: 'none',
      files: { whole: new Map([['a', 'sum of a']]), unknown: new Set(['b']) },
    });
  });

  it.each<{ readonly about: string; readonly operation: Operation; readonly expected: object }>([
    { about: 'a creation', operation: { ...volume, name: 'w' }, expected: { answer: undefined } },
    {
      about: 'a deletion',
      operation: { kind: 'delete-volume', name: 'v' },
      expected: { deletion: 'pending' },
    },
    {
      about: 'an expansion',
      operation: { kind: 'expand-volume', name: 'v', sizeBytes: 20 },
      expected: { sizeBytes: 10, pendingBytes: 20 },
    },
  ])('$about that was not answered leaves it open', ({ operation, expected }) => {
    const { volumes } = toExpectations(journal([volume, { id: 'i' }], [operation, undefined]));

    expect(volumes.get('name' in operation ? operation.name : 'v')).toMatchObject(expected);
  });

  it('a snapshot holds what was synced before it was asked for, and not what came after', () => {
    const { snapshots } = toExpectations(
      journal([volume, { id: 'i' }], [write('a'), {}], [snapshot, { id: 'j' }], [write('b'), {}]),
    );

    expect([...(snapshots.get('s')?.files.whole.keys() ?? [])]).toEqual(['a']);
  });

  it('a volume made from a snapshot starts with its files', () => {
    const restore: Operation = { ...volume, name: 'r', source: { kind: 'snapshot', name: 's' } };

    const { volumes } = toExpectations(
      journal([volume, {}], [write('a'), {}], [snapshot, {}], [write('b'), {}], [restore, {}]),
    );

    expect([...(volumes.get('r')?.files.whole.keys() ?? [])]).toEqual(['a']);
  });

  it('a call that is repeated after a power cut keeps what was known before', () => {
    const { volumes } = toExpectations(
      journal([volume, undefined], [volume, { id: 'i' }], [write('a'), {}], [volume, { id: 'i' }]),
    );

    expect(volumes.get('v')).toMatchObject({
      answer: { id: 'i' },
      files: { whole: new Map([['a', 'sum of a']]) },
    });
  });
});
