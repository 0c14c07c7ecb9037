import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import {
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
  yes,
} from './der.ts';

const generateKeys = promisify(generateKeyPair);

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** A bit for each use, the first one leftmost (RFC 5280 §4.2.1.3). */
const KEY_USAGE = {
  signsCertificates: { bits: 0b0000_0110, unused: 1 },
  signsHandshakes: { bits: 0b1000_0000, unused: 7 },
} as const;

/** A certificate and the private key that belongs to it, both PEM. The key is a secret: never log it. */
export interface CertifiedKey {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

/** From when until when a certificate is good; whole seconds count. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A new certificate authority: ECDSA over P-256, signed by itself, for leaves only (path length 0). `name` becomes its common name, by
 * which verifiers tell authorities apart: never give two the same.
 */
export async function createAuthority(name: string, validity: Validity): Promise<CertifiedKey> {
  const keys = await generateKeys('ec', { namedCurve: 'prime256v1' });
  const certificate = signCertificate({
    subject: name,
    subjectKey: keys.publicKey,
    issuer: name,
    issuerKey: keys.privateKey,
    validity,
    extensions: [
      extension(OID.basicConstraints, sequence(yes(), integer(Buffer.of(0))), { critical: true }),
      keyUsage(KEY_USAGE.signsCertificates),
    ],
  });
  return { certificate, key: exportKey(keys.privateKey) };
}

/** What {@link createLeaf} signs. */
export interface LeafOptions {
  /** One that {@link createAuthority} made. */
  readonly authority: CertifiedKey;
  /** At least one; the first one becomes the common name. */
  readonly dnsNames: readonly [string, ...string[]];
  readonly validity: Validity;
}

/** A new key, and a certificate for both ends of TLS under these names, signed by the authority. */
export async function createLeaf(options: LeafOptions): Promise<CertifiedKey> {
  const keys = await generateKeys('ec', { namedCurve: 'prime256v1' });
  const names = options.dnsNames.map((name) => implicit(2, Buffer.from(name, 'latin1')));
  const certificate = signCertificate({
    subject: options.dnsNames[0],
    subjectKey: keys.publicKey,
    issuer: readCommonName(options.authority.certificate),
    issuerKey: createPrivateKey(options.authority.key),
    validity: options.validity,
    extensions: [
      extension(OID.basicConstraints, sequence(), { critical: true }),
      keyUsage(KEY_USAGE.signsHandshakes),
      extension(
        OID.extendedKeyUsage,
        sequence(objectIdentifier(OID.serverAuth), objectIdentifier(OID.clientAuth)),
      ),
      extension(OID.subjectAltName, sequence(...names)),
    ],
  });
  return { certificate, key: exportKey(keys.privateKey) };
}

interface Contents {
  readonly subject: string;
  readonly subjectKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

/** Certificate of RFC 5280 §4.1, version 3, as PEM. */
function signCertificate(contents: Contents): string {
  const { subject, subjectKey, issuer, issuerKey, validity } = contents;
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const extensions = [
    ...contents.extensions,
    extension(OID.subjectKeyIdentifier, octetString(identifyKey(subjectKey))),
    extension(OID.authorityKeyIdentifier, sequence(implicit(0, identifyKey(createPublicKey(issuerKey))))),
  ];
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(createSerial()),
    algorithm,
    distinguishedName(issuer),
    sequence(time(validity.notBefore), time(validity.notAfter)),
    distinguishedName(subject),
    exportPublicKey(subjectKey),
    explicit(3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, issuerKey);
  return toPem(sequence(body, algorithm, bitString(signature)));
}

/** 128 random bits, of which the first is zero and the second is not: positive, and always of one length. */
function createSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

/** Any short text that is another one for another key (RFC 7093 §2): here of SHA-256 over the public key. */
function identifyKey(publicKey: KeyObject): Buffer {
  return createHash('sha256').update(exportPublicKey(publicKey)).digest().subarray(0, 20);
}

function exportPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

function exportKey(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

function keyUsage({ bits, unused }: { readonly bits: number; readonly unused: number }): Buffer {
  return extension(OID.keyUsage, bitString(Buffer.of(bits), unused), { critical: true });
}

function extension(oid: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [yes()] : []), octetString(value));
}

/** The name of an authority that was made here; its subject is nothing but that name. Throws an Error for any other. */
function readCommonName(certificate: string): string {
  const { subject } = new X509Certificate(certificate);
  const name = /^CN=([^\n]+)$/.exec(subject)?.[1];
  if (name === undefined)
    throw new Error('The authority was made by something else: its subject is not one name.');
  return name;
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
