import * as z from 'zod';
import type { AuthorityState } from '../certificates/authority.ts';
import { isPair, readCertificate } from '../certificates/read.ts';
import { DriverError } from '../domain/errors.ts';
import type { Secret, SecretDraft } from './secrets.ts';

/** Types of Secrets cannot be changed: one of this type was made here. */
const TYPE = 'stowage.dev/certificate-authority';

const ROTATION = 'rotation.json';

/** A key and its certificate that node:crypto can read, and that belong together. */
const Pair = z
  .object({ certificate: z.string(), key: z.string() })
  .refine(isPair, 'the key is not that of the certificate');

const Certificate = z.string().refine((text) => {
  try {
    return readCertificate(text).ca;
  } catch {
    return false;
  }
}, 'not the certificate of an authority');

/** What is known of the change to another authority; the values are PEM and moments as ISO 8601 writes them. */
const Rotation = z.object({
  next: z
    .object({ certificate: Certificate, key: z.string(), trustedSince: z.coerce.date().optional() })
    .refine(isPair, 'the key is not that of the certificate')
    .optional(),
  previous: z.array(z.object({ certificate: Certificate, trustedUntil: z.coerce.date() })).default([]),
});

/** A Secret that keeps an authority: `ca.crt` and `ca.key` as everybody writes them, and what is known of its change beside them. */
export function toAuthoritySecret(name: string, state: AuthorityState): SecretDraft {
  return {
    name,
    type: TYPE,
    labels: { 'app.kubernetes.io/part-of': 'stowage' },
    annotations: {},
    data: toAuthorityData(state),
  };
}

/** What the Secret of an authority holds. */
export function toAuthorityData({
  signing,
  next,
  previous,
}: AuthorityState): Readonly<Record<string, string>> {
  return {
    'ca.crt': signing.certificate,
    'ca.key': signing.key,
    [ROTATION]: JSON.stringify({ next, previous }),
  };
}

/** Reads what {@link toAuthoritySecret} wrote. Throws PRECONDITION_FAILED, without a word of what it holds, when it holds anything else. */
export function parseAuthoritySecret(secret: Secret): AuthorityState {
  if (secret.type !== TYPE) throw refuse(secret, `its type is ${secret.type} and not ${TYPE}`);
  const { data } = secret;
  const signing = Pair.safeParse({ certificate: data['ca.crt'], key: data['ca.key'] });
  if (!signing.success) throw refuse(secret, 'its ca.crt and ca.key are not a certificate and its key');
  const rotation = Rotation.safeParse(parseJson(data[ROTATION] ?? '{}'));
  if (!rotation.success) throw refuse(secret, `its ${ROTATION} cannot be read`);
  const { next, previous } = rotation.data;
  return {
    signing: signing.data,
    next: next === undefined ? undefined : { ...next, trustedSince: next.trustedSince },
    previous,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse({ name }: Secret, reason: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `Secret ${name} is not the certificate authority that was made here: ${reason}. It is left alone: name another one in tls.kubernetes.caSecret, or delete it, and a new authority is made.`,
  );
}
