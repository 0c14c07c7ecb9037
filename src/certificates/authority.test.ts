import { describe, expect, it } from 'vitest';
import type { AuthorityState } from './authority.ts';
import {
  advanceAuthority,
  bundleAuthorities,
  createAuthorityState,
  DEFAULT_LIFETIMES,
  isLeafDue,
  isSameBundle,
  issueLeaf,
  noteSpread,
} from './authority.ts';
import { isSignedBy, readCertificate, readCertificates } from './read.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365.2 * DAY_MS;
const START = Date.parse('2026-01-01T00:00:00Z');
const NAME = 'agent.stowage.internal';
const lifetimes = DEFAULT_LIFETIMES;

async function advance(state: AuthorityState, ms: number): Promise<AuthorityState> {
  return await advanceAuthority(state, START + ms, lifetimes);
}

function countTrusted(state: AuthorityState): number {
  return readCertificates(bundleAuthorities(state)).length;
}

describe('an authority', () => {
  it('stays as it is for 80 % of ten years', async () => {
    const state = await createAuthorityState(START, lifetimes);

    expect(await advance(state, 7.9 * YEAR_MS)).toBe(state);
    expect(readCertificate(state.signing.certificate).validToDate).toEqual(
      new Date(START + lifetimes.authorityMs),
    );
  });

  it('makes the next one then, which is trusted and does not sign', async () => {
    const state = await createAuthorityState(START, lifetimes);

    const later = await advance(state, 8.1 * YEAR_MS);

    expect(later.signing).toBe(state.signing);
    expect(countTrusted(later)).toBe(2);
    expect(later.next?.trustedSince).toBeUndefined();
    expect(await advance(later, 9 * YEAR_MS)).toBe(later);
  });

  it('lets the next one sign a day after everybody was given it, and trusts both', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const made = await advance(state, 8.1 * YEAR_MS);
    const noted = noteSpread(made, START + 8.1 * YEAR_MS);

    expect(await advance(noted, 8.1 * YEAR_MS + DAY_MS - 1)).toBe(noted);
    const promoted = await advance(noted, 8.1 * YEAR_MS + DAY_MS);

    expect(promoted.signing.certificate).toBe(made.next?.certificate);
    expect(promoted.next).toBeUndefined();
    expect(bundleAuthorities(promoted)).toContain(state.signing.certificate);
  });

  it('forgets the one before when the last leaf of that is over', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const noted = noteSpread(await advance(state, 8.1 * YEAR_MS), START + 8.1 * YEAR_MS);
    const at = 8.1 * YEAR_MS + DAY_MS;
    const promoted = await advance(noted, at);

    expect(await advance(promoted, at + lifetimes.leafMs)).toBe(promoted);
    const alone = await advance(promoted, at + lifetimes.leafMs + DAY_MS);

    expect(countTrusted(alone)).toBe(1);
  });

  it('is replaced at once when it was over before anybody looked', async () => {
    const state = await createAuthorityState(START, lifetimes);

    const later = await advance(state, 11 * YEAR_MS);

    expect(later.signing.certificate).not.toBe(state.signing.certificate);
    expect(countTrusted(later)).toBe(1);
  });

  it('gives way to the next one when it is over, whoever was given that', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const made = await advance(state, 9 * YEAR_MS);

    const later = await advance(made, 10.1 * YEAR_MS);

    expect(later.signing.certificate).toBe(made.next?.certificate);
  });

  it('has another name each time', async () => {
    const [one, other] = await Promise.all([
      createAuthorityState(START, lifetimes),
      createAuthorityState(START, lifetimes),
    ]);

    expect(readCertificate(one.signing.certificate).subject).not.toBe(
      readCertificate(other.signing.certificate).subject,
    );
  });

  it('notes only once since when the next one is trusted', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const noted = noteSpread(await advance(state, 8.1 * YEAR_MS), START);

    expect(noteSpread(noted, START + DAY_MS)).toBe(noted);
    expect(noteSpread(state, START)).toBe(state);
  });
});

describe('a leaf', () => {
  it('is good for 90 days, and due after 60', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const { certificate } = await issueLeaf(state, NAME, { now: START, lifetimes });

    expect(readCertificate(certificate).validToDate).toEqual(new Date(START + 90 * DAY_MS));
    expect(isLeafDue(certificate, NAME, state, START + 59 * DAY_MS)).toBe(false);
    expect(isLeafDue(certificate, NAME, state, START + 60 * DAY_MS)).toBe(true);
  });

  it('is good from an hour ago, for machines whose clocks are late', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const { certificate } = await issueLeaf(state, NAME, { now: START, lifetimes });

    expect(readCertificate(certificate).validFromDate).toEqual(new Date(START - 3_600_000));
  });

  it('is never good for longer than the authority', async () => {
    const state = await createAuthorityState(START, lifetimes);
    const late = START + lifetimes.authorityMs - DAY_MS;

    const { certificate } = await issueLeaf(state, NAME, { now: late, lifetimes });

    expect(readCertificate(certificate).validToDate).toEqual(new Date(START + lifetimes.authorityMs));
  });

  it('is due when it is for another name, by another authority, or no certificate at all', async () => {
    const [state, other] = await Promise.all([
      createAuthorityState(START, lifetimes),
      createAuthorityState(START, lifetimes),
    ]);
    const { certificate } = await issueLeaf(state, NAME, { now: START, lifetimes });

    expect(isLeafDue(certificate, 'controller.stowage.internal', state, START)).toBe(true);
    expect(isLeafDue(certificate, NAME, other, START)).toBe(true);
    expect(isLeafDue('nonsense', NAME, state, START)).toBe(true);
    expect(isSignedBy(readCertificate(certificate), readCertificate(state.signing.certificate))).toBe(true);
  });
});

describe('bundles', () => {
  it('are the same when they hold the same certificates', async () => {
    const [one, other] = await Promise.all([
      createAuthorityState(START, lifetimes),
      createAuthorityState(START, lifetimes),
    ]);
    const bundle = bundleAuthorities(one);

    expect(isSameBundle(bundle, `# a comment\n${bundle}\n`)).toBe(true);
    expect(isSameBundle(bundle, bundle + bundleAuthorities(other))).toBe(false);
    expect(isSameBundle(bundle, '')).toBe(false);
  });
});
