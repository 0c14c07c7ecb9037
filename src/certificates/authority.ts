import { randomId } from '../base/ids.ts';
import type { CertifiedKey, Validity } from './certificate.ts';
import { createAuthority, createLeaf } from './certificate.ts';
import { isSignedBy, measureAge, readCertificate, readCertificates, readDnsNames } from './read.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long things are good for. */
export interface Lifetimes {
  readonly authorityMs: number;
  readonly leafMs: number;
  /** How long a new authority is trusted everywhere before it signs: longer than any program takes to learn of it. */
  readonly spreadMs: number;
}

export const DEFAULT_LIFETIMES: Lifetimes = {
  authorityMs: 3652 * DAY_MS,
  leafMs: 90 * DAY_MS,
  spreadMs: DAY_MS,
};

/** Certificates begin a little earlier than now, for machines whose clocks are late. */
const CLOCK_SKEW_MS = HOUR_MS;
const AUTHORITY_RENEWAL_AGE = 0.8;
const LEAF_RENEWAL_AGE = 2 / 3;

/** An authority that is trusted, but does not sign yet. */
export interface NextAuthority extends CertifiedKey {
  /** Since when every program is given it to trust; undefined: not yet. */
  readonly trustedSince: Date | undefined;
}

/** An authority that no longer signs, trusted while what it signed may be in use. */
export interface PreviousAuthority {
  readonly certificate: string;
  readonly trustedUntil: Date;
}

/**
 * A certificate authority through its changes: at 80 % of its life the next one is made and trusted everywhere; a day after that it signs,
 * and the one before stays trusted until its last leaf is over.
 */
export interface AuthorityState {
  readonly signing: CertifiedKey;
  readonly next: NextAuthority | undefined;
  readonly previous: readonly PreviousAuthority[];
}

/** The authority of a new installation. */
export async function createAuthorityState(now: number, lifetimes: Lifetimes): Promise<AuthorityState> {
  return { signing: await makeAuthority(now, lifetimes), next: undefined, previous: [] };
}

/** The state that is due now; the same object when nothing is. */
export async function advanceAuthority(
  state: AuthorityState,
  now: number,
  lifetimes: Lifetimes,
): Promise<AuthorityState> {
  const previous = state.previous.filter(({ trustedUntil }) => trustedUntil.getTime() > now);
  const current = previous.length === state.previous.length ? state : { ...state, previous };
  const age = measureAge(readCertificate(current.signing.certificate), now);
  const { next } = current;
  if (next !== undefined && (age >= 1 || isSpread(next, now, lifetimes))) {
    return promote(current, next, now, lifetimes);
  }
  // Nothing that it signed is good any more, so there is nobody who would have to trust both.
  if (age >= 1) return { ...(await createAuthorityState(now, lifetimes)), previous };
  if (age < AUTHORITY_RENEWAL_AGE || next !== undefined) return current;
  return { ...current, next: { ...(await makeAuthority(now, lifetimes)), trustedSince: undefined } };
}

/** Notes that every program is given the next authority to trust from now on; the same object when there is none, or it was noted before. */
export function noteSpread(state: AuthorityState, now: number): AuthorityState {
  const { next } = state;
  if (next === undefined || next.trustedSince !== undefined) return state;
  return { ...state, next: { ...next, trustedSince: new Date(now) } };
}

/** Everything that is to be trusted, the signing one first. */
export function bundleAuthorities({ signing, next, previous }: AuthorityState): string {
  return [signing, ...(next === undefined ? [] : [next]), ...previous]
    .map(({ certificate }) => certificate)
    .join('');
}

/** A new leaf for a name, good for its time, but never longer than the authority. */
export async function issueLeaf(
  state: AuthorityState,
  name: string,
  { now, lifetimes }: { readonly now: number; readonly lifetimes: Lifetimes },
): Promise<CertifiedKey> {
  const end = readCertificate(state.signing.certificate).validToDate.getTime();
  const { notBefore, notAfter } = toValidity(now, lifetimes.leafMs);
  const validity = { notBefore, notAfter: new Date(Math.min(notAfter.getTime(), end)) };
  return await createLeaf({ authority: state.signing, dnsNames: [name], validity });
}

/** Whether a leaf has to be made anew: two thirds of its life are over, another authority signs, or it is for another name. Also for texts that are no certificate. */
export function isLeafDue(certificate: string, name: string, state: AuthorityState, now: number): boolean {
  try {
    const leaf = readCertificate(certificate);
    const isOurs = isSignedBy(leaf, readCertificate(state.signing.certificate));
    return !isOurs || !readDnsNames(leaf).includes(name) || measureAge(leaf, now) >= LEAF_RENEWAL_AGE;
  } catch {
    return true;
  }
}

/** Whether two texts hold the same certificates, whatever is between them. */
export function isSameBundle(one: string, other: string): boolean {
  return fingerprints(one) === fingerprints(other);
}

function fingerprints(pem: string): string {
  try {
    return readCertificates(pem)
      .map(({ fingerprint256 }) => fingerprint256)
      .join();
  } catch {
    return 'unreadable';
  }
}

function promote(
  state: AuthorityState,
  next: NextAuthority,
  now: number,
  { leafMs, spreadMs }: Lifetimes,
): AuthorityState {
  const { certificate, key } = next;
  // Others may sign with it until they have learned of the new one.
  const trustedUntil = new Date(now + leafMs + spreadMs);
  const old = { certificate: state.signing.certificate, trustedUntil };
  return { signing: { certificate, key }, next: undefined, previous: [...state.previous, old] };
}

function isSpread({ trustedSince }: NextAuthority, now: number, { spreadMs }: Lifetimes): boolean {
  return trustedSince !== undefined && now - trustedSince.getTime() >= spreadMs;
}

/** Verifiers tell authorities apart by name, so each has one of its own. */
async function makeAuthority(now: number, { authorityMs }: Lifetimes): Promise<CertifiedKey> {
  return await createAuthority(`Stowage ${randomId(8)}`, toValidity(now, authorityMs));
}

function toValidity(now: number, lengthMs: number): Validity {
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + lengthMs) };
}
