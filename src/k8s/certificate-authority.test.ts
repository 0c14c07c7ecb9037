import type { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeSecrets } from '../../test/support/fake-secrets.ts';
import { shakeHands } from '../../test/support/handshake.ts';
import { DEFAULT_LIFETIMES } from '../certificates/authority.ts';
import { isPair, isSignedBy, readCertificate, readCertificates, readDnsNames } from '../certificates/read.ts';
import { silentLogger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import type { CertificateAuthority, CertificateAuthorityOptions } from './certificate-authority.ts';
import { openCertificateAuthority } from './certificate-authority.ts';
import type { Secrets } from './secrets.ts';
import { createSecrets } from './secrets.ts';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AGENT = 'agent.stowage.internal';
const CONTROLLER = 'controller.stowage.internal';
const CA_SECRET = 'stowage-ca';
const AGENT_SECRET = 'stowage-agent-tls';

function optionsFor(secrets: Secrets, clock: FakeClock): CertificateAuthorityOptions {
  return {
    secrets,
    caSecret: CA_SECRET,
    agentSecret: AGENT_SECRET,
    agentName: AGENT,
    controllerName: CONTROLLER,
    clock,
    logger: silentLogger,
  };
}

async function open(secrets: Secrets, clock = new FakeClock(Date.now())): Promise<CertificateAuthority> {
  return await openCertificateAuthority(optionsFor(secrets, clock), never);
}

type Material = ReturnType<CertificateAuthority['current']>;

/** What an agent reads from its mounted Secret. */
function readAgent(secrets: FakeSecrets): Material {
  const { data } = secrets.get(AGENT_SECRET);
  return { ca: data['ca.crt'] ?? '', certificate: data['tls.crt'] ?? '', key: data['tls.key'] ?? '' };
}

function isGoodAt(certificate: X509Certificate, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
}

/** Whether each side would let the other one in at this moment. */
function isMutual(one: Material, other: Material, now: number): boolean {
  const trusts = (own: Material, peer: Material): boolean => {
    const leaf = readCertificate(peer.certificate);
    const signers = readCertificates(own.ca).filter((authority) => isSignedBy(leaf, authority));
    return isGoodAt(leaf, now) && signers.some((authority) => isGoodAt(authority, now));
  };
  return trusts(one, other) && trusts(other, one);
}

/** Throws an Error with the moment when some two of them would not let each other in. */
function requireMutual(all: readonly Material[], now: number): void {
  for (const [index, one] of all.entries()) {
    const strangers = all.slice(index + 1).filter((other) => !isMutual(one, other, now));
    if (strangers.length > 0) throw new Error(`${new Date(now).toISOString()}: ${index} has strangers`);
  }
}

describe('a new installation', () => {
  it('has an authority, certificates for agents, and one of its own that is stored nowhere', async () => {
    const secrets = new FakeSecrets();

    const authority = await open(secrets);

    const agent = readAgent(secrets);
    const own = authority.current();
    expect(readDnsNames(readCertificate(agent.certificate))).toEqual([AGENT]);
    expect(readDnsNames(readCertificate(own.certificate))).toEqual([CONTROLLER]);
    expect(isPair(agent) && isPair(own)).toBe(true);
    expect(JSON.stringify([secrets.get(CA_SECRET), secrets.get(AGENT_SECRET)])).not.toContain(
      JSON.stringify(own.key).slice(1, -1),
    );
    expect(secrets.get(AGENT_SECRET).data).not.toHaveProperty('ca.key');
  });

  it('lets both sides shake hands', async () => {
    const secrets = new FakeSecrets();
    const own = (await open(secrets)).current();

    await expect(shakeHands(readAgent(secrets), own, AGENT)).resolves.toBe(CONTROLLER);
  });

  it('is one, however many controllers start at once', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    // All of them have seen that there is none before the first one makes it.
    api.gather(5, ({ verb, name }) => verb === 'create' && name === undefined);
    const makers = await Promise.all(Array.from({ length: 5 }, () => open(createSecrets(client, 'storage'))));

    const bundles = new Set(makers.map((maker) => maker.current().ca));
    expect(bundles.size).toBe(1);
    const creations = api.requests.filter(({ verb }) => verb === 'create');
    expect(creations.length).toBeGreaterThan(2);
    expect(api.store.list('/api/v1/namespaces/storage/secrets')).toHaveLength(2);
    const agents = await createSecrets(client, 'storage').find(AGENT_SECRET, never);
    expect(agents?.data['ca.crt']).toBe([...bundles][0]);
  });

  it('waits while Kubernetes is away', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const clock = new FakeClock(Date.now());
    api.fail({ status: 503 }, undefined, 2);

    const opening = open(createSecrets(client, 'storage'), clock);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await clock.whenSleeping();
      clock.advance(DAY_MS);
    }

    expect(readCertificates((await opening).current().ca)).toHaveLength(1);
  });
});

describe('an installation that was there before', () => {
  it('keeps its authority and what agents use, and writes nothing', async () => {
    const secrets = new FakeSecrets();
    const before = (await open(secrets)).current();
    const agent = readAgent(secrets);
    const { writes } = secrets;

    const after = (await open(secrets)).current();

    expect(after.ca).toBe(before.ca);
    expect(after.certificate).not.toBe(before.certificate);
    expect(readAgent(secrets)).toEqual(agent);
    expect(secrets.writes).toBe(writes);
  });

  it('makes certificates for agents again when their Secret is gone', async () => {
    const secrets = new FakeSecrets();
    const authority = await open(secrets);
    secrets.remove(AGENT_SECRET);

    await authority.refresh(never);

    await expect(shakeHands(readAgent(secrets), authority.current(), AGENT)).resolves.toBe(CONTROLLER);
  });

  it('writes its authority again when that Secret is gone, since agents trust nothing else', async () => {
    const secrets = new FakeSecrets();
    const authority = await open(secrets);
    const agent = readAgent(secrets);
    secrets.remove(CA_SECRET);

    await authority.refresh(never);

    expect(readAgent(secrets)).toEqual(agent);
    expect(secrets.get(CA_SECRET).data['ca.crt']).toBe(agent.ca);
  });

  it('repairs what agents use when it does not fit', async () => {
    const secrets = new FakeSecrets();
    const authority = await open(secrets);
    const secret = secrets.get(AGENT_SECRET);
    secrets.put({ ...secret, data: { ...secret.data, 'tls.key': 'garbage', 'ca.crt': '' } });

    await authority.refresh(never);

    await expect(shakeHands(readAgent(secrets), authority.current(), AGENT)).resolves.toBe(CONTROLLER);
  });

  it('leaves what others added to the Secrets', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock(Date.now());
    const authority = await open(secrets, clock);
    const secret = secrets.get(AGENT_SECRET);
    secrets.put({
      ...secret,
      labels: { ...secret.labels, team: 'storage' },
      data: { ...secret.data, extra: 'x' },
    });

    clock.advance(61 * DAY_MS);
    await authority.refresh(never);

    expect(secrets.get(AGENT_SECRET)).toMatchObject({ labels: { team: 'storage' }, data: { extra: 'x' } });
  });
});

describe('a Secret that holds something else', () => {
  /** What is said while nothing else can be done. */
  async function waitInVain(secrets: FakeSecrets): Promise<string | undefined> {
    const clock = new FakeClock(Date.now());
    const trouble = new Trouble(silentLogger);
    const stop = new AbortController();
    const opening = openCertificateAuthority({ ...optionsFor(secrets, clock), trouble }, stop.signal);
    await clock.whenSleeping();
    stop.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    return trouble.sentence;
  }

  it.each([
    ['the authority: of another type', CA_SECRET, { type: 'Opaque', data: { 'ca.crt': 'x', 'ca.key': 'y' } }],
    [
      'the authority: not readable',
      CA_SECRET,
      { type: 'stowage.dev/certificate-authority', data: { 'ca.crt': 'hunter2', 'ca.key': 'hunter2' } },
    ],
    [
      'of the agents: by another maker',
      AGENT_SECRET,
      { type: 'kubernetes.io/tls', data: { 'tls.crt': 'x' } },
    ],
  ])('is left alone: %s', async (_what, name, content) => {
    const secrets = new FakeSecrets();
    const draft = { name, labels: {}, annotations: {}, ...content };
    secrets.put(draft);

    const sentence = await waitInVain(secrets);

    expect(sentence).toContain('It is left alone');
    expect(sentence).not.toContain('hunter2');
    expect(secrets.get(name)).toMatchObject(draft);
  });

  it('is not read with half of a rotation', async () => {
    const secrets = new FakeSecrets();
    await open(secrets);
    const secret = secrets.get(CA_SECRET);
    const next = { certificate: secret.data['ca.crt'], key: 'hunter2' };
    secrets.put({ ...secret, data: { ...secret.data, 'rotation.json': JSON.stringify({ next }) } });

    expect(await waitInVain(secrets)).toContain('its rotation.json cannot be read');
  });
});

describe('renewal', () => {
  it('gives agents and controllers new certificates after 60 of 90 days, and tells of it', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock(Date.now());
    const authority = await open(secrets, clock);
    const before = { own: authority.current(), agent: readAgent(secrets) };
    let told = 0;
    using _count = authority.onChange(() => {
      told += 1;
    });

    clock.advance(59 * DAY_MS);
    await authority.refresh(never);
    expect([authority.current(), readAgent(secrets), told]).toEqual([before.own, before.agent, 0]);
    clock.advance(2 * DAY_MS);
    await authority.refresh(never);

    expect(authority.current().certificate).not.toBe(before.own.certificate);
    expect(readAgent(secrets).certificate).not.toBe(before.agent.certificate);
    expect(readAgent(secrets).ca).toBe(before.agent.ca);
    expect(told).toBe(1);
  });

  it('is looked after every five minutes until it is stopped', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock(Date.now());
    const authority = await open(secrets, clock);
    const before = authority.current();
    const changed = Promise.withResolvers<void>();
    using _change = authority.onChange(() => changed.resolve());
    const stop = new AbortController();
    const running = authority.run(stop.signal);

    await clock.whenSleeping();
    clock.advance(61 * DAY_MS);
    await changed.promise;
    stop.abort();
    await running;

    expect(authority.current()).not.toEqual(before);
  });

  it('goes on with what it has while Kubernetes is away, says so once, and catches up', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock(Date.now());
    let isAway = false;
    const flaky: Secrets = {
      find: (name) => (isAway ? Promise.reject(new Error('away')) : secrets.find(name)),
      ensure: (draft) => secrets.ensure(draft),
      replace: (secret) => secrets.replace(secret),
    };
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const authority = await openCertificateAuthority({ ...optionsFor(flaky, clock), logger }, never);
    const before = authority.current();
    const changed = Promise.withResolvers<void>();
    using _change = authority.onChange(() => changed.resolve());
    const stop = new AbortController();
    const running = authority.run(stop.signal);

    isAway = true;
    for (let count = 0; count < 3; count += 1) {
      await clock.whenSleeping();
      clock.advance(30 * DAY_MS);
    }
    await clock.whenSleeping();
    expect(authority.current()).toBe(before);
    expect(warnings).toEqual(['Cannot look after the certificates; they stay']);
    isAway = false;
    clock.advance(DAY_MS);
    await changed.promise;
    stop.abort();
    await running;
  });
});

describe('another authority', () => {
  /** Two controllers and an agent over twelve years: the agent is always 23 hours late, or a whole step; the second controller a few. */
  it('is never trusted too late or for too short', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
    const prompt = await open(secrets, clock);
    const tardy = await open(secrets, clock);
    const mounted: { readonly at: number; readonly material: Material }[] = [];
    const bundles: string[] = [];
    const end = clock.now() + 12 * 365 * DAY_MS;
    let fineSteps = 0;

    while (clock.now() < end) {
      const isChanging = readCertificates(prompt.current().ca).length > 1;
      fineSteps = isChanging ? fineSteps + 1 : 0;
      // A change takes a day, and then it is only waited for the last leaf.
      const isFine = isChanging && fineSteps < 20;
      clock.advance(isFine ? 5 * HOUR_MS : 14 * DAY_MS);
      await prompt.refresh(never);
      mounted.push({ at: clock.now(), material: readAgent(secrets) });
      const agent =
        mounted.findLast(({ at }) => at <= clock.now() - 23 * HOUR_MS)?.material ?? readAgent(secrets);
      requireMutual([agent, prompt.current(), tardy.current(), readAgent(secrets)], clock.now());
      if (!isFine || fineSteps % 3 === 0) await tardy.refresh(never);
      bundles.push(prompt.current().ca);
    }

    const counts = bundles.map((bundle) => readCertificates(bundle).length);
    expect(Math.max(...counts)).toBe(2);
    expect(counts.at(-1)).toBe(1);
    expect(bundles.at(-1)).not.toBe(bundles[0]);
  }, 30_000);

  it('shakes hands with what the one before has signed', async () => {
    const secrets = new FakeSecrets();
    const toRenewalMs = DEFAULT_LIFETIMES.authorityMs * 0.8;
    // TLS goes by the clock of the machine, so this begins eight years ago.
    const clock = new FakeClock(Date.now() - toRenewalMs - 2 * DAY_MS);
    await open(secrets, clock);
    clock.advance(toRenewalMs + DAY_MS / 2);
    const authority = await open(secrets, clock);
    const before = { own: authority.current(), agent: readAgent(secrets) };
    expect(readCertificates(before.agent.ca)).toHaveLength(2);

    clock.advance(1.1 * DAY_MS);
    await authority.refresh(never);
    const after = { own: authority.current(), agent: readAgent(secrets) };

    expect(readCertificate(after.own.certificate).issuer).not.toBe(
      readCertificate(before.own.certificate).issuer,
    );
    await expect(shakeHands(before.agent, after.own, AGENT)).resolves.toBe(CONTROLLER);
    await expect(shakeHands(after.agent, before.own, AGENT)).resolves.toBe(CONTROLLER);
  });

  it('does not sign before agents were given it, however long the controller was away in between', async () => {
    const secrets = new FakeSecrets();
    const clock = new FakeClock();
    const authority = await open(secrets, clock);
    let writesLeft = 1;
    const dying: Secrets = {
      find: (name) => secrets.find(name),
      ensure: (draft) => secrets.ensure(draft),
      replace: async (secret) => {
        writesLeft -= 1;
        if (writesLeft < 0) throw new Error('killed');
        return await secrets.replace(secret);
      },
    };
    const { ca } = authority.current();

    // It is killed when it has made the next authority, and before it has given that to the agents.
    clock.advance(DEFAULT_LIFETIMES.authorityMs * 0.81);
    await expect(open(dying, clock)).rejects.toThrow('killed');
    clock.advance(30 * DAY_MS);
    const later = await open(secrets, clock);

    expect(isSignedBy(readCertificate(later.current().certificate), readCertificate(ca))).toBe(true);
    expect(readCertificates(readAgent(secrets).ca)).toHaveLength(2);
  });
});
