import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { UnchangedFor } from './unchanged-for.ts';

describe('how long something is unchanged', () => {
  it('is counted from the first look, whatever anybody sets the clock to', () => {
    const clock = new FakeClock();
    const unchanged = new UnchangedFor({ clock, mostBetweenMs: 100 });

    expect(unchanged.look('a', 'token')).toBe(0);
    clock.advance(60);
    clock.set(-3_600_000);
    expect(unchanged.look('a', 'token')).toBe(60);
    clock.advance(60);
    expect(unchanged.look('a', 'token')).toBe(120);
  });

  it('begins anew with another token', () => {
    const clock = new FakeClock();
    const unchanged = new UnchangedFor({ clock, mostBetweenMs: 100 });
    unchanged.look('a', 'one');
    clock.advance(60);

    expect(unchanged.look('a', 'two')).toBe(0);
    clock.advance(10);
    expect(unchanged.look('a', 'two')).toBe(10);
  });

  it('does not grow while nobody could look', () => {
    const clock = new FakeClock();
    const unchanged = new UnchangedFor({ clock, mostBetweenMs: 100 });
    unchanged.look('a', 'token');
    clock.advance(1_000_000);

    expect(unchanged.look('a', 'token')).toBe(100);
  });

  it('is forgotten of what is gone', () => {
    const clock = new FakeClock();
    const unchanged = new UnchangedFor({ clock, mostBetweenMs: 100 });
    unchanged.look('a', 'token');
    unchanged.keepOnly(['b']);
    clock.advance(50);

    expect(unchanged.look('a', 'token')).toBe(0);
  });
});
