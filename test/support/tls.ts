import { randomId } from '../../src/base/ids.ts';
import {
  type CertifiedKey,
  createAuthority,
  createLeaf,
  type Validity,
} from '../../src/certificates/certificate.ts';
import { Listeners } from '../../src/base/listeners.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME, type TlsMaterial, type TlsSource } from '../../src/rpc/tls.ts';

const HOUR_MS = 3_600_000;

/** Good for a day, and for an hour already. */
export function validNow(): Validity {
  const now = Date.now();
  return { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 24 * HOUR_MS) };
}

/** Over for a minute. */
export function validBefore(): Validity {
  const now = Date.now();
  return { notBefore: new Date(now - 24 * HOUR_MS), notAfter: new Date(now - 60_000) };
}

/** An authority of a test, which signs whatever it is asked to. */
export interface TestAuthority {
  /** PEM. */
  readonly certificate: string;
  issue(name: string, validity?: Validity): Promise<CertifiedKey>;
  /** Own key and certificate, believing in this authority and in the others. */
  material(name: string, options?: MaterialOptions): Promise<TlsMaterial>;
}

export interface MaterialOptions {
  readonly validity?: Validity;
  /** Authorities that are believed; default: this one. */
  readonly trusted?: readonly TestAuthority[];
}

/** A new authority with a name of its own. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const authority = await createAuthority(`Test ${randomId(8)}`, validNow());
  const self: TestAuthority = {
    certificate: authority.certificate,
    issue: async (name, validity = validNow()) => await createLeaf({ authority, dnsNames: [name], validity }),
    async material(name, { validity = validNow(), trusted = [self] } = {}) {
      const { certificate, key } = await self.issue(name, validity);
      return { ca: trusted.map((one) => one.certificate).join(''), certificate, key };
    },
  };
  return self;
}

/** Material that a test changes. */
export interface TestTls extends TlsSource {
  change(material: TlsMaterial): void;
}

/** Begins with this material. */
export function createTestTls(first: TlsMaterial): TestTls {
  let current = first;
  const listeners = new Listeners();
  return {
    current: () => current,
    onChange: (listener) => listeners.add(listener),
    change(material) {
      current = material;
      listeners.tell();
    },
  };
}

/** What an agent and a controller of one cluster have. */
export async function createClusterTls(): Promise<{
  readonly authority: TestAuthority;
  readonly agent: TestTls;
  readonly controller: TestTls;
}> {
  const authority = await createTestAuthority();
  return {
    authority,
    agent: createTestTls(await authority.material(AGENT_TLS_NAME)),
    controller: createTestTls(await authority.material(CONTROLLER_TLS_NAME)),
  };
}
