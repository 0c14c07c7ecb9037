import { beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority, type TestAuthority, validBefore } from '../../test/support/tls.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME, type TlsMaterial } from '../rpc/tls.ts';
import { type ContentTicket, createTicket, requireTicketFor, verifyTicket } from './tickets.ts';

const now = Date.now();
const TICKET: ContentTicket = {
  source: { nodeName: 'node-1', poolId: 'aaaaaaaa', kind: 'snapshot', id: 's-1' },
  target: { nodeName: 'node-2', poolId: 'bbbbbbbb', volumeName: 'pvc-1' },
  expiresAt: now + 60_000,
};

describe('a ticket for content', () => {
  let authority: TestAuthority;
  let controller: TlsMaterial;
  beforeAll(async () => {
    authority = await createTestAuthority();
    controller = await authority.material(CONTROLLER_TLS_NAME);
  });
  const trust = () => ({ ca: authority.certificate, now });
  const refusal = (why: string) => ({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining(`is refused: ${why}`),
  });

  it('says what it allows, to whoever trusts the authority of the controller that signed it', async () => {
    const other = await createTestAuthority();
    const both = { ca: other.certificate + authority.certificate, now };

    expect(verifyTicket(createTicket(TICKET, controller), trust())).toEqual(TICKET);
    expect(verifyTicket(createTicket(TICKET, controller), both)).toEqual(TICKET);
  });

  it('is refused when an agent signed it', async () => {
    const agent = await authority.material(AGENT_TLS_NAME);

    expect(() => verifyTicket(createTicket(TICKET, agent), trust())).toThrow(
      expect.objectContaining(refusal('no controller signed it')),
    );
  });

  it('is refused when a controller of another cluster signed it', async () => {
    const stranger = await (await createTestAuthority()).material(CONTROLLER_TLS_NAME);

    expect(() => verifyTicket(createTicket(TICKET, stranger), trust())).toThrow(
      expect.objectContaining(refusal('whoever signed it is not trusted')),
    );
  });

  it('is refused when it was signed with a key that the certificate is not of', async () => {
    const { key } = await authority.material(CONTROLLER_TLS_NAME);

    expect(() => verifyTicket(createTicket(TICKET, { ...controller, key }), trust())).toThrow(
      expect.objectContaining(refusal('its signature is wrong')),
    );
  });

  it('is refused when the certificate of the controller has expired', async () => {
    const expired = await authority.material(CONTROLLER_TLS_NAME, { validity: validBefore() });

    expect(() => verifyTicket(createTicket(TICKET, expired), trust())).toThrow(
      expect.objectContaining(refusal('the certificate of whoever signed it is not valid now')),
    );
  });

  it('is refused when it has expired itself', () => {
    const text = createTicket(TICKET, controller);

    expect(() => verifyTicket(text, { ...trust(), now: TICKET.expiresAt })).toThrow(
      expect.objectContaining(refusal('it was good until')),
    );
  });

  it('is refused when what it allows was changed', () => {
    const [, signature, chain] = createTicket(TICKET, controller).split('.');
    const other = { ...TICKET, source: { ...TICKET.source, id: 's-2' } };
    const forged = [Buffer.from(JSON.stringify(other)).toString('base64url'), signature, chain].join('.');

    expect(() => verifyTicket(forged, trust())).toThrow(
      expect.objectContaining(refusal('its signature is wrong')),
    );
  });

  it.each([
    ['', 'it is none'],
    ['a.b', 'it is none'],
    ['a.b.c', 'it has no certificate'],
    ['x'.repeat(100_000), 'it is none'],
  ])('is refused when it is nonsense', (text, why) => {
    expect(() => verifyTicket(text, trust())).toThrow(expect.objectContaining(refusal(why)));
  });

  it.each([
    [{ source: { ...TICKET.source, id: 's-2' } }, 'it is for snapshot s-1'],
    [{ source: { ...TICKET.source, kind: 'volume' } }, 'it is for snapshot s-1'],
    [{ source: { ...TICKET.source, poolId: 'cccccccc' } }, 'it is for snapshot s-1'],
    [{ source: { ...TICKET.source, nodeName: 'node-3' } }, 'it is for snapshot s-1'],
    [{ target: { ...TICKET.target, volumeName: 'pvc-2' } }, 'it is for volume "pvc-1"'],
    [{ target: { ...TICKET.target, poolId: 'cccccccc' } }, 'it is for volume "pvc-1"'],
    [{ target: { ...TICKET.target, nodeName: 'node-3' } }, 'it is for volume "pvc-1"'],
  ] as const)('is refused for anything but what it allows: %j', (changes, why) => {
    requireTicketFor(TICKET, TICKET);

    expect(() => requireTicketFor(TICKET, { ...TICKET, ...changes })).toThrow(
      expect.objectContaining(refusal(why)),
    );
  });
});
