import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { AuthorityState, Lifetimes } from '../certificates/authority.ts';
import {
  advanceAuthority,
  bundleAuthorities,
  createAuthorityState,
  DEFAULT_LIFETIMES,
  isLeafDue,
  isSameBundle,
  issueLeaf,
  noteSpread,
} from '../certificates/authority.ts';
import type { CertifiedKey } from '../certificates/certificate.ts';
import { isPair, readCertificate } from '../certificates/read.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import { keepTrying } from './keep-trying.ts';
import { parseAuthoritySecret, toAuthorityData, toAuthoritySecret } from './authority-secret.ts';
import type { Secret, Secrets } from './secrets.ts';

/** Far sooner than anything is due, and soon enough for a change that another controller made. */
const LOOK_EVERY_MS = 300_000;
/** Each attempt fails only because another controller wrote at the same moment. */
const MAX_ATTEMPTS = 20;

/** Names the authority's Secret in the agents' one, so that a Secret which something else made is never overwritten. */
const ISSUER_ANNOTATION = 'stowage.dev/issued-by';

/** What one side of TLS needs, all of it PEM. */
interface TlsMaterial {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificates of an installation, kept in two Secrets: the authority, which controllers alone read, and what agents use, which is
 * mounted into their pods. As a source of TLS material it gives the controller's own, which is signed in memory and never stored.
 */
export interface CertificateAuthority {
  current(): TlsMaterial;
  onChange(listener: () => void): Disposable;
  /** Reads both Secrets, and makes what is missing or due. Safe for several controllers at once. Throws PRECONDITION_FAILED when one of them holds something else, and KubernetesError. */
  refresh(signal: AbortSignal): Promise<void>;
  /** Refreshes every five minutes until the signal aborts; what fails is logged and tried again. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CertificateAuthorityOptions {
  readonly secrets: Secrets;
  readonly caSecret: string;
  readonly agentSecret: string;
  /** DNS names in the certificates of the two kinds of programs. */
  readonly agentName: string;
  readonly controllerName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifetimes?: Lifetimes;
  /** Told why it cannot be opened for now. Default: one that only logs. */
  readonly trouble?: Trouble;
}

/**
 * Opens the authority, and makes it when there is none; waits while the API is away, rights are missing, or a Secret of its name is something else.
 * What was made by then is taken up, also by other controllers. Throws the signal's reason.
 */
export async function openCertificateAuthority(
  options: CertificateAuthorityOptions,
  signal: AbortSignal,
): Promise<CertificateAuthority> {
  const { clock, logger, trouble = new Trouble(logger) } = options;
  const keeper = new Keeper(options);
  const message = 'There are no certificates yet';
  await keepTrying(async (own) => await keeper.refresh(own), { message, trouble, clock }, signal);
  return keeper;
}

class Keeper implements CertificateAuthority {
  readonly #options: CertificateAuthorityOptions;
  readonly #lifetimes: Lifetimes;
  readonly #listeners = new Listeners();
  #state: AuthorityState | undefined;
  #own: CertifiedKey | undefined;
  #material: TlsMaterial | undefined;

  constructor(options: CertificateAuthorityOptions) {
    this.#options = options;
    this.#lifetimes = options.lifetimes ?? DEFAULT_LIFETIMES;
  }

  current(): TlsMaterial {
    if (this.#material === undefined) throw new Error('the authority was not opened');
    return this.#material;
  }

  onChange(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const trouble = new Trouble(logger);
    while (!signal.aborted) {
      try {
        await clock.sleep(LOOK_EVERY_MS, signal);
        await this.refresh(signal);
        trouble.end('The certificates are looked after again');
      } catch (error) {
        if (signal.aborted) return;
        trouble.note('Cannot look after the certificates; they stay', error);
      }
    }
  }

  async refresh(signal: AbortSignal): Promise<void> {
    // Agents get a new authority to trust before the note that they have it, and that before it may sign.
    const state = await this.#keepAuthority((before, now) => this.#advance(before, now), signal);
    await this.#keepAgents(state, signal);
    const noted = await this.#keepAuthority(
      (before, now) => Promise.resolve(noteSpread(before, now)),
      signal,
    );
    await this.#keepOwn(noted);
  }

  async #advance(before: AuthorityState, now: number): Promise<AuthorityState> {
    const after = await advanceAuthority(before, now, this.#lifetimes);
    if (after.next !== undefined && before.next === undefined) {
      this.#options.logger.info('A new certificate authority was made, and is trusted from now on', {
        secret: this.#options.caSecret,
      });
    }
    return after;
  }

  /** Reads the authority, and writes what the step makes of it unless another controller wrote meanwhile; then again. */
  async #keepAuthority(
    step: (before: AuthorityState, now: number) => Promise<AuthorityState>,
    signal: AbortSignal,
  ): Promise<AuthorityState> {
    const { secrets, caSecret, clock } = this.#options;
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const secret = await this.#ensureAuthority(signal);
      const before = parseAuthoritySecret(secret);
      const after = await step(before, clock.now());
      const isWritten =
        after === before ||
        (await secrets.replace({ ...secret, data: toAuthorityData(after) }, signal)) !== undefined;
      if (!isWritten) continue;
      this.#state = after;
      return after;
    }
    throw contended(caSecret);
  }

  /** If somebody deleted it, what is in memory is written again: agents trust nothing else. */
  async #ensureAuthority(signal: AbortSignal): Promise<Secret> {
    const { secrets, caSecret, clock, logger } = this.#options;
    const found = await secrets.find(caSecret, signal);
    if (found !== undefined) return found;
    const state = this.#state ?? (await createAuthorityState(clock.now(), this.#lifetimes));
    logger.info('The certificate authority is written to a Secret', { secret: caSecret });
    return await secrets.ensure(toAuthoritySecret(caSecret, state), signal);
  }

  async #keepAgents(state: AuthorityState, signal: AbortSignal): Promise<void> {
    const { secrets, agentSecret, caSecret, logger } = this.#options;
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const found = await secrets.find(agentSecret, signal);
      if (found === undefined) {
        await secrets.ensure(
          {
            name: agentSecret,
            type: 'kubernetes.io/tls',
            labels: { 'app.kubernetes.io/part-of': 'stowage' },
            annotations: { [ISSUER_ANNOTATION]: caSecret },
            data: await this.#makeAgentData(state),
          },
          signal,
        );
        continue;
      }
      requireOwnSecret(found, caSecret);
      const data = await this.#renewAgentData(found, state);
      if (data === undefined) return;
      logger.info('The certificates of the agents are written', { secret: agentSecret });
      if ((await secrets.replace({ ...found, data }, signal)) !== undefined) return;
    }
    throw contended(agentSecret);
  }

  /** What has to be in the agents' Secret now; undefined when it is there. */
  async #renewAgentData(found: Secret, state: AuthorityState): Promise<Secret['data'] | undefined> {
    const certificate = found.data['tls.crt'] ?? '';
    const isDue =
      isLeafDue(certificate, this.#options.agentName, state, this.#options.clock.now()) ||
      !isPair({ certificate, key: found.data['tls.key'] ?? '' });
    if (isDue) return { ...found.data, ...(await this.#makeAgentData(state)) };
    const bundle = bundleAuthorities(state);
    return isSameBundle(found.data['ca.crt'] ?? '', bundle) ? undefined : { ...found.data, 'ca.crt': bundle };
  }

  async #makeAgentData(state: AuthorityState): Promise<Secret['data']> {
    const { certificate, key } = await this.#issue(state, this.#options.agentName);
    return { 'ca.crt': bundleAuthorities(state), 'tls.crt': certificate, 'tls.key': key };
  }

  async #keepOwn(state: AuthorityState): Promise<void> {
    const { controllerName, clock, logger } = this.#options;
    const isDue =
      this.#own === undefined || isLeafDue(this.#own.certificate, controllerName, state, clock.now());
    const own = isDue || this.#own === undefined ? await this.#issue(state, controllerName) : this.#own;
    const ca = bundleAuthorities(state);
    if (own === this.#own && ca === this.#material?.ca) return;
    this.#own = own;
    this.#material = { ca, certificate: own.certificate, key: own.key };
    logger.info('Certificates were taken up', {
      notAfter: readCertificate(own.certificate).validToDate.toISOString(),
    });
    this.#listeners.tell();
  }

  async #issue(state: AuthorityState, name: string): Promise<CertifiedKey> {
    return await issueLeaf(state, name, { now: this.#options.clock.now(), lifetimes: this.#lifetimes });
  }
}

function requireOwnSecret({ name, annotations }: Secret, caSecret: string): void {
  if (annotations[ISSUER_ANNOTATION] === caSecret) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Secret ${name} was made by something else, for it has no annotation ${ISSUER_ANNOTATION}: ${caSecret}. It is left alone: mount it as tls.directory to use what it holds, or name another one in tls.kubernetes.agentSecret.`,
  );
}

function contended(secret: string): DriverError {
  return new DriverError(
    'CLUSTER_UNAVAILABLE',
    `Secret ${secret} is changed by others all the time, so it cannot be kept. It is tried again; look who writes it.`,
  );
}
