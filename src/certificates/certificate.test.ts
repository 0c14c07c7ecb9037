import type { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { shakeHands } from '../../test/support/handshake.ts';
import type { CertifiedKey } from './certificate.ts';
import { createAuthority, createLeaf } from './certificate.ts';
import { isPair, isSignedBy, measureAge, readCertificate, readCertificates, readDnsNames } from './read.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const CONTROLLER = 'controller.stowage.internal';
const AGENT = 'agent.stowage.internal';

function validFor(ms: number, from = Date.now() - 3_600_000) {
  return { notBefore: new Date(from), notAfter: new Date(from + ms) };
}

async function makeLeaf(authority: CertifiedKey, name: string, validity = validFor(90 * DAY_MS)) {
  return await createLeaf({ authority, dnsNames: [name], validity });
}

describe('an authority', () => {
  it('is signed by itself, for leaves only', async () => {
    const authority = await createAuthority('Stowage test', validFor(10 * YEAR_MS));
    const certificate = readCertificate(authority.certificate);

    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe('CN=Stowage test');
    expect(isSignedBy(certificate, certificate)).toBe(true);
    expect(isPair(authority)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('can be good for longer than two digits of a year can tell', async () => {
    const validity = validFor(10 * YEAR_MS, Date.parse('2045-06-01T00:00:00Z'));

    const certificate = readCertificate((await createAuthority('late', validity)).certificate);

    expect(certificate.validFromDate).toEqual(validity.notBefore);
    expect(certificate.validToDate).toEqual(validity.notAfter);
  });
});

describe('a leaf', () => {
  it('is for both ends of TLS under its names, and signs no certificates', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const leaf = await createLeaf({
      authority,
      dnsNames: [AGENT, 'other.stowage.internal'],
      validity: validFor(DAY_MS),
    });
    const certificate: X509Certificate = readCertificate(leaf.certificate);

    expect(certificate.ca).toBe(false);
    expect(readDnsNames(certificate)).toEqual([AGENT, 'other.stowage.internal']);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(isSignedBy(certificate, readCertificate(authority.certificate))).toBe(true);
    expect(isPair(leaf)).toBe(true);
  });

  it('has a serial number of its own', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));

    const serials = await Promise.all(
      Array.from({ length: 8 }, async () => {
        return readCertificate((await makeLeaf(authority, AGENT)).certificate).serialNumber;
      }),
    );

    expect(new Set(serials).size).toBe(8);
    expect(serials.every((serial) => /^[4-7][0-9A-F]{31}$/.test(serial))).toBe(true);
  });

  it('is not taken for one of another authority of the same name', async () => {
    const [one, other] = await Promise.all([
      createAuthority('same', validFor(YEAR_MS)),
      createAuthority('same', validFor(YEAR_MS)),
    ]);
    const leaf = readCertificate((await makeLeaf(one, AGENT)).certificate);

    expect(isSignedBy(leaf, readCertificate(other.certificate))).toBe(false);
  });
});

describe('a handshake with both certificates', () => {
  it('succeeds under the same authority', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const ca = authority.certificate;

    const seen = shakeHands(
      { ca, ...(await makeLeaf(authority, AGENT)) },
      { ca, ...(await makeLeaf(authority, CONTROLLER)) },
      AGENT,
    );

    await expect(seen).resolves.toBe(CONTROLLER);
  });

  it('succeeds while two authorities are trusted, whichever signed', async () => {
    const [old, young] = await Promise.all([
      createAuthority('old', validFor(YEAR_MS)),
      createAuthority('young', validFor(YEAR_MS)),
    ]);
    const ca = old.certificate + young.certificate;

    const seen = await Promise.all(
      [
        [old, young],
        [young, old],
      ].map(async ([server = old, client = old]) => {
        const agent = { ca, ...(await makeLeaf(server, AGENT)) };
        return await shakeHands(agent, { ca, ...(await makeLeaf(client, CONTROLLER)) }, AGENT);
      }),
    );

    expect(seen).toEqual([CONTROLLER, CONTROLLER]);
  });

  it('fails for a name that is not in the certificate', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const controller = { ca: authority.certificate, ...(await makeLeaf(authority, CONTROLLER)) };

    await expect(shakeHands(controller, controller, AGENT)).rejects.toThrow('altnames');
  });

  it('fails for a certificate that is over', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const ca = authority.certificate;
    const expired = { ca, ...(await makeLeaf(authority, AGENT, validFor(1000))) };
    const controller = { ca, ...(await makeLeaf(authority, CONTROLLER)) };

    await expect(shakeHands(expired, controller, AGENT)).rejects.toThrow('expired');
  });

  it('fails for another authority', async () => {
    const [one, other] = await Promise.all([
      createAuthority('one', validFor(YEAR_MS)),
      createAuthority('other', validFor(YEAR_MS)),
    ]);
    const ca = one.certificate;
    const stranger = { ca, ...(await makeLeaf(other, AGENT)) };
    const controller = { ca, ...(await makeLeaf(one, CONTROLLER)) };

    await expect(shakeHands(stranger, controller, AGENT)).rejects.toThrow(/self.signed|unable to/);
  });
});

describe('reading', () => {
  it('finds every certificate of a text', async () => {
    const [one, other] = await Promise.all([
      createAuthority('one', validFor(YEAR_MS)),
      createAuthority('other', validFor(YEAR_MS)),
    ]);

    const subjects = readCertificates(`# two\n${one.certificate}\n${other.certificate}`).map(
      ({ subject }) => subject,
    );

    expect(subjects).toEqual(['CN=one', 'CN=other']);
    expect(() => readCertificate('none')).toThrow('no certificate');
  });

  it('takes no key for that of another certificate, and no text for a key', async () => {
    const [one, other] = await Promise.all([
      createAuthority('one', validFor(YEAR_MS)),
      createAuthority('other', validFor(YEAR_MS)),
    ]);

    expect(isPair({ certificate: one.certificate, key: other.key })).toBe(false);
    expect(isPair({ certificate: one.certificate, key: 'no key' })).toBe(false);
    expect(isPair({ certificate: 'no certificate', key: one.key })).toBe(false);
  });

  it.each([
    [0, 0],
    [45, 0.5],
    [90, 1],
  ])('says after %d of 90 days that the age is %d', async (days, age) => {
    const from = Date.parse('2026-01-01T00:00:00Z');
    const { certificate } = await createAuthority('one', validFor(90 * DAY_MS, from));

    expect(measureAge(readCertificate(certificate), from + days * DAY_MS)).toBeCloseTo(age, 6);
  });
});
