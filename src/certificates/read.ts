import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CertifiedKey, Validity } from './certificate.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text, in its order. Throws an Error when one of them cannot be read; other text between them is passed over. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  return (pem.match(PEM) ?? []).map((text) => new X509Certificate(text));
}

/** The first certificate of a PEM text. Throws an Error when there is none that can be read. */
export function readCertificate(pem: string): X509Certificate {
  const [first] = readCertificates(pem);
  if (first === undefined) throw new Error('There is no certificate in this text.');
  return first;
}

/** From when until when a certificate is good. */
export function readValidity(certificate: X509Certificate): Validity {
  return { notBefore: certificate.validFromDate, notAfter: certificate.validToDate };
}

/** The names that a certificate is for, as `subjectAltName` has them. */
export function readDnsNames(certificate: X509Certificate): readonly string[] {
  const names = (certificate.subjectAltName ?? '').split(', ');
  return names.flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
}

/** Whether `certificate` was signed by the key that `authority` is for. Says nothing of dates. */
export function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** Whether the key is the one that the certificate is for; false also for texts that are no key or no certificate. */
export function isPair({ certificate, key }: CertifiedKey): boolean {
  try {
    return readCertificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** How much of its life a certificate has behind it: 0 when it begins, 1 or more when it is over, negative before. */
export function measureAge(certificate: X509Certificate, now: number): number {
  const { notBefore, notAfter } = readValidity(certificate);
  return (now - notBefore.getTime()) / (notAfter.getTime() - notBefore.getTime());
}
