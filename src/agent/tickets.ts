import { sign, verify, type X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { isSignedBy, readCertificates } from '../certificates/read.ts';
import { DriverError } from '../domain/errors.ts';
import { CONTROLLER_TLS_NAME, type TlsMaterial } from '../rpc/tls.ts';

/** Keeps a signature from being one of anything else. */
const PURPOSE = 'stowage content ticket 1\n';
/** A ticket with a chain of a few certificates; whatever is longer is none. */
const MAX_TICKET_LENGTH = 32 * 1024;
/** Certificates between a controller's own and one that is trusted. */
const MAX_CHAIN_LENGTH = 4;

/** From where to where content goes. */
export const contentWayShape = {
  source: z
    .strictObject({
      nodeName: z.string(),
      poolId: z.string(),
      kind: z.enum(['snapshot', 'volume']),
      id: z.string(),
    })
    .readonly(),
  target: z.strictObject({ nodeName: z.string(), poolId: z.string(), volumeName: z.string() }).readonly(),
};

/** What a ticket allows: one volume to be filled with the content of one object. */
export const ContentTicket = z
  .strictObject({
    ...contentWayShape,
    /** Milliseconds since the epoch. A stream that began before goes on. */
    expiresAt: z.number(),
  })
  .readonly();
export type ContentTicket = z.infer<typeof ContentTicket>;

/** Signs a ticket with the controller's key, its certificates attached. No secret, but good for whoever has an agent's certificate: never logged. */
export function createTicket(
  ticket: ContentTicket,
  { certificate, key }: Pick<TlsMaterial, 'certificate' | 'key'>,
): string {
  const payload = Buffer.from(JSON.stringify(ticket));
  const signature = sign('sha256', toSigned(payload), { key, dsaEncoding: 'ieee-p1363' });
  return [payload, signature, Buffer.from(certificate)].map((part) => part.toString('base64url')).join('.');
}

/** The ticket, if a controller of this cluster signed it and it is still good. Throws PERMISSION_DENIED. */
export function verifyTicket(
  text: string,
  trust: { readonly ca: string; readonly now: number },
): ContentTicket {
  const parts = text.length > MAX_TICKET_LENGTH ? [] : text.split('.');
  const [payload, signature, certificates] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (parts.length !== 3 || payload === undefined || signature === undefined || certificates === undefined) {
    throw refused('it is none');
  }
  const signer = getSigner(certificates.toString(), trust);
  const key = { key: signer.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', toSigned(payload), key, signature)) throw refused('its signature is wrong');
  const ticket = parsePayload(payload);
  if (ticket.expiresAt <= trust.now) {
    throw refused(`it was good until ${toTime(ticket.expiresAt)}, and ${describeClock(trust.now)}`);
  }
  return ticket;
}

/** Refuses a ticket that allows something else than what is asked. Throws PERMISSION_DENIED. */
export function requireTicketFor(ticket: ContentTicket, asked: Omit<ContentTicket, 'expiresAt'>): void {
  if (!isSame(ticket.source, asked.source)) {
    throw refused(
      `it is for ${ticket.source.kind} ${ticket.source.id} in pool ${ticket.source.poolId} on node ${ticket.source.nodeName}`,
    );
  }
  if (!isSame(ticket.target, asked.target)) {
    throw refused(`it is for volume "${ticket.target.volumeName}" on node ${ticket.target.nodeName}`);
  }
}

function isSame<T extends Readonly<Record<string, string>>>(one: T, other: T): boolean {
  return Object.keys(one).every((key) => one[key] === other[key]);
}

function toSigned(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(PURPOSE), payload]);
}

function parsePayload(payload: Buffer): ContentTicket {
  try {
    return ContentTicket.parse(JSON.parse(payload.toString()));
  } catch (error) {
    throw refused('it cannot be read: controller and agent are probably of releases that do not fit', error);
  }
}

/** The certificate whose key signed: a controller's, by way of its chain from one that is trusted. */
function getSigner(chain: string, trust: { readonly ca: string; readonly now: number }): X509Certificate {
  const [own, ...between] = parseCertificates(chain);
  if (own === undefined) throw refused('it has no certificate');
  if (own.ca || own.checkHost(CONTROLLER_TLS_NAME, { subject: 'never', wildcards: false }) === undefined) {
    throw refused('no controller signed it');
  }
  const trusted = parseCertificates(trust.ca);
  let current = own;
  for (let step = 0; step < MAX_CHAIN_LENGTH; step += 1) {
    requireValid(current, trust.now);
    const anchor = trusted.find((candidate) => isIssuer(candidate, current));
    if (anchor !== undefined) {
      requireValid(anchor, trust.now);
      return own;
    }
    const next = between.find((candidate) => candidate !== current && isIssuer(candidate, current));
    if (next === undefined) break;
    current = next;
  }
  throw refused('whoever signed it is not trusted');
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && isSignedBy(certificate, issuer);
}

function requireValid({ validFromDate, validToDate }: X509Certificate, now: number): void {
  if (validFromDate.getTime() <= now && now < validToDate.getTime()) return;
  throw refused(`the certificate of whoever signed it is not valid now, when ${describeClock(now)}`);
}

/** Tickets are made for the moment: one that is over was made by a clock that is late, or this one is ahead. */
function describeClock(now: number): string {
  return `the clock here says ${toTime(now)} (do the clocks of controllers and nodes agree?)`;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function parseCertificates(pem: string): readonly X509Certificate[] {
  try {
    return readCertificates(pem);
  } catch (error) {
    throw refused('its certificates cannot be read', error);
  }
}

function refused(why: string, cause?: unknown): DriverError {
  return new DriverError(
    'PERMISSION_DENIED',
    `The ticket for the content is refused: ${why}. Ask again; the controller makes a new one for each call.`,
    { cause },
  );
}
