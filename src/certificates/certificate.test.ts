import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
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

/** Both ends show a certificate; resolves with the name that the server saw, or rejects with what the client met. */
async function shakeHands(server: CertifiedKey, client: CertifiedKey, ca: string): Promise<string> {
  const listener = createServer(
    { ca, cert: server.certificate, key: server.key, requestCert: true, rejectUnauthorized: true },
    (socket) =>
      socket.end((socket.getPeerX509Certificate()?.subjectAltName ?? 'nobody').slice('DNS:'.length)),
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const { port } = listener.address() as AddressInfo;
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca,
      cert: client.certificate,
      key: client.key,
      servername: AGENT,
      minVersion: 'TLSv1.3',
    });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    await once(socket, 'close');
    return text;
  } finally {
    listener.close();
  }
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

    const seen = shakeHands(
      await makeLeaf(authority, AGENT),
      await makeLeaf(authority, CONTROLLER),
      authority.certificate,
    );

    await expect(seen).resolves.toBe(CONTROLLER);
  });

  it('succeeds while two authorities are trusted, whichever signed', async () => {
    const [old, young] = await Promise.all([
      createAuthority('old', validFor(YEAR_MS)),
      createAuthority('young', validFor(YEAR_MS)),
    ]);
    const both = old.certificate + young.certificate;

    await expect(
      shakeHands(await makeLeaf(old, AGENT), await makeLeaf(young, CONTROLLER), both),
    ).resolves.toBe(CONTROLLER);
    await expect(
      shakeHands(await makeLeaf(young, AGENT), await makeLeaf(old, CONTROLLER), both),
    ).resolves.toBe(CONTROLLER);
  });

  it('fails for a name that is not in the certificate', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const controller = await makeLeaf(authority, CONTROLLER);

    await expect(shakeHands(controller, controller, authority.certificate)).rejects.toThrow('altnames');
  });

  it('fails for a certificate that is over', async () => {
    const authority = await createAuthority('one', validFor(YEAR_MS));
    const expired = await makeLeaf(authority, AGENT, validFor(1000));

    await expect(
      shakeHands(expired, await makeLeaf(authority, CONTROLLER), authority.certificate),
    ).rejects.toThrow('expired');
  });

  it('fails for another authority', async () => {
    const [one, other] = await Promise.all([
      createAuthority('one', validFor(YEAR_MS)),
      createAuthority('other', validFor(YEAR_MS)),
    ]);

    await expect(
      shakeHands(await makeLeaf(other, AGENT), await makeLeaf(one, CONTROLLER), one.certificate),
    ).rejects.toThrow(/self.signed|unable to/);
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
