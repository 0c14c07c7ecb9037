import { describe, expect, it } from 'vitest';
import { createObjectId, formatObjectId, parseObjectId } from './ids.ts';

const place = { clusterId: 'cluster', poolId: 'abcdefgh' };

describe('object ids', () => {
  it.each(['volume', 'snapshot'] as const)('survive being written and read: %s', (kind) => {
    const id = createObjectId(kind, place, 'pvc-1');

    expect(parseObjectId(formatObjectId(id))).toEqual(id);
  });

  it('name the same directory for the same name, with another generation each time', () => {
    const first = createObjectId('volume', place, 'pvc-1');
    const second = createObjectId('volume', place, 'pvc-1');

    expect(second.hash).toBe(first.hash);
    expect(second.generation).not.toBe(first.generation);
  });

  it('tell a snapshot from a volume even when the pool id begins with s', () => {
    const volume = formatObjectId(createObjectId('volume', { ...place, poolId: 'sabcdefg' }, 'x'));

    expect(parseObjectId(volume)?.kind).toBe('volume');
    expect(parseObjectId(`s${volume}`)?.kind).toBe('snapshot');
  });

  const good = formatObjectId(createObjectId('volume', place, 'pvc-1'));
  it.each([
    '',
    'fake-vol-id',
    '../../etc',
    `${good}/`,
    `/${good}`,
    `${good}\n`,
    `${good}\0`,
    good.toUpperCase(),
    `${good}${good}`,
    good.slice(0, -1),
    'vol-0123456789abcdef0',
  ])('are unknown when they are not ours: %j', (text) => {
    expect(parseObjectId(text)).toBeUndefined();
  });
});
