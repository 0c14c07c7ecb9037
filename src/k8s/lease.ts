import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { startDeadline } from '../base/deadline.ts';
import type { Lease } from '../base/lease.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import type { ApiClient } from './client.ts';
import { LEASES } from './kinds.ts';
import type { ObjectDraft } from './resource.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const LeaseObject = z.object({
  metadata: ObjectMeta,
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      leaseTransitions: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
    })
    .default({}),
});
type LeaseObject = z.infer<typeof LeaseObject>;

/** How a lease is kept; the defaults are those of Kubernetes' own components. */
export interface LeaseTimes {
  /** Others wait for so long after they have last seen the holder do something. */
  readonly durationMs: number;
  /** A holder that could not renew for so long takes it for lost: what lies between the two is for its work to end. */
  readonly renewWithinMs: number;
  readonly retryMs: number;
}

const DEFAULT_TIMES: LeaseTimes = { durationMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

export interface KubernetesLeaseOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly name: string;
  /** Of this process: unique, also among those that had the same name before. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly times?: LeaseTimes;
  /** Told why it cannot be asked for. Default: one that only logs. */
  readonly trouble?: Trouble;
}

/**
 * A lease of coordination.k8s.io. Nobody trusts the clock of another machine: a holder that is gone is told by its Lease not changing for
 * `durationMs` by one's own clock, one that is never set. Two never hold it at once while no process is stopped for longer than what its work has to end.
 */
export function createKubernetesLease(options: KubernetesLeaseOptions): Lease {
  const { client, namespace } = options;
  const resource = new ApiResource(client, LEASES, { namespace, schema: LeaseObject });
  const candidate = new Candidate(options, resource);
  return {
    async holdWhile(work, signal) {
      try {
        while (!signal.aborted) {
          const held = await candidate.acquire(signal);
          if ((await candidate.workUnder(held, work, signal)) === 'done') return;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

/** A lease that this process holds. */
interface Held {
  readonly object: LeaseObject;
  /** When the request that renewed it last was sent, by the clock that is never set. */
  readonly renewedAt: number;
}

class Candidate {
  readonly #options: KubernetesLeaseOptions;
  readonly #resource: ApiResource<LeaseObject>;
  readonly #times: LeaseTimes;
  readonly #trouble: Trouble;
  #seen: { readonly version: string; readonly at: number } | undefined;

  constructor(options: KubernetesLeaseOptions, resource: ApiResource<LeaseObject>) {
    this.#options = options;
    this.#resource = resource;
    this.#times = options.times ?? DEFAULT_TIMES;
    this.#trouble = options.trouble ?? new Trouble(options.logger);
  }

  /** Tries until it is held. Throws the signal's reason. */
  async acquire(signal: AbortSignal): Promise<Held> {
    const { clock, logger, name } = this.#options;
    for (;;) {
      try {
        const held = await this.#tryAcquire(signal);
        this.#trouble.end();
        if (held !== undefined) {
          logger.info('The lease is held', { lease: name });
          return held;
        }
      } catch (error) {
        signal.throwIfAborted();
        this.#trouble.note('Cannot ask for the lease; others may hold it', error);
      }
      await clock.sleep(this.#times.retryMs, signal);
    }
  }

  /** Works and renews; `lost` when somebody else may hold it now. */
  async workUnder(
    held: Held,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<'done' | 'lost'> {
    const lost = new AbortController();
    const stop = (): void => lost.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const ended = new AbortController();
    const renewing = this.#renew(held, ended.signal).then((last) => {
      if (last === undefined) lost.abort(new Error('The lease is lost.'));
      return last;
    });
    try {
      if (signal.aborted) stop();
      await work(lost.signal);
    } catch (error) {
      // Work that is told to stop may say so by throwing.
      if (!lost.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      ended.abort();
      const last = await renewing;
      if (last !== undefined) await this.#release(last);
    }
    return lost.signal.aborted && !signal.aborted ? 'lost' : 'done';
  }

  async #tryAcquire(signal: AbortSignal): Promise<Held | undefined> {
    const now = this.#options.clock.monotonic();
    const found = await this.#resource.find(this.#options.name, signal);
    if (found === undefined) {
      return toHeld(await this.#resource.create(this.#draft(undefined), signal), now);
    }
    if (!this.#isFree(found)) return undefined;
    return toHeld(await this.#resource.replace(this.#draft(found), signal), now);
  }

  /** Nobody holds it, or its holder has not been seen to do anything for as long as it said. */
  #isFree({ metadata, spec }: LeaseObject): boolean {
    if ((spec.holderIdentity ?? '') === '') return true;
    const now = this.#options.clock.monotonic();
    if (this.#seen?.version !== metadata.resourceVersion) {
      this.#seen = { version: metadata.resourceVersion, at: now };
    }
    const durationMs = (spec.leaseDurationSeconds ?? this.#times.durationMs / 1000) * 1000;
    return now - this.#seen.at >= durationMs;
  }

  /** Renews until `ended`, and gives back the last state; undefined when it is lost. */
  async #renew(first: Held, ended: AbortSignal): Promise<Held | undefined> {
    const { clock, logger, name } = this.#options;
    let held = first;
    while (!ended.aborted) {
      const leftMs = held.renewedAt + this.#times.renewWithinMs - clock.monotonic();
      if (leftMs <= 0) {
        logger.warn('The lease is lost: it could not be renewed in time', { lease: name });
        return undefined;
      }
      try {
        await clock.sleep(Math.min(this.#times.retryMs, leftMs), ended);
        const renewed = await this.#renewOnce(held, ended);
        if (renewed === undefined) {
          logger.warn('The lease is lost: somebody else has it', { lease: name });
          return undefined;
        }
        held = renewed;
      } catch (error) {
        if (!ended.aborted) logger.debug('The lease could not be renewed', { err: error });
      }
    }
    return held;
  }

  /** Undefined when it is no longer ours. */
  async #renewOnce(held: Held, ended: AbortSignal): Promise<Held | undefined> {
    const now = this.#options.clock.monotonic();
    const leftMs = Math.max(1, held.renewedAt + this.#times.renewWithinMs - now);
    using deadline = startDeadline(ended, leftMs);
    const renewed = await this.#resource.replace(this.#draft(held.object), deadline.signal);
    if (renewed !== undefined) return { object: renewed, renewedAt: now };
    // A renewal whose answer was lost has changed it as well: then it is still ours.
    const found = await this.#resource.find(this.#options.name, deadline.signal);
    if (found?.spec.holderIdentity !== this.#options.identity) return undefined;
    return { object: found, renewedAt: held.renewedAt };
  }

  /** So that the next one need not wait. If this fails, it has to. */
  async #release({ object }: Held): Promise<void> {
    const { logger, name } = this.#options;
    using deadline = startDeadline(new AbortController().signal, this.#times.retryMs);
    try {
      if (!(await this.#giveBack(object, deadline.signal))) {
        // A renewal that was cut off has changed it all the same.
        const found = await this.#resource.find(name, deadline.signal);
        if (found?.spec.holderIdentity !== this.#options.identity) return;
        await this.#giveBack(found, deadline.signal);
      }
      logger.info('The lease was given back', { lease: name });
    } catch (error) {
      logger.warn('The lease could not be given back; others get it later', { err: error });
    }
  }

  async #giveBack(object: LeaseObject, signal: AbortSignal): Promise<boolean> {
    const draft = this.#draft(object);
    const spec = { ...draft.spec, holderIdentity: '' };
    return (await this.#resource.replace({ ...draft, spec }, signal)) !== undefined;
  }

  #draft(before: LeaseObject | undefined): ObjectDraft & { readonly spec: object } {
    const { name, identity, clock } = this.#options;
    const now = toMicroTime(clock.now());
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#times.durationMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    };
    if (before === undefined) return { metadata: { name }, spec };
    const { resourceVersion, labels, annotations } = before.metadata;
    const { acquireTime, leaseTransitions, holderIdentity } = before.spec;
    const transitions = leaseTransitions ?? 0;
    const since =
      holderIdentity === identity
        ? { acquireTime: acquireTime ?? spec.acquireTime, leaseTransitions: transitions }
        : { leaseTransitions: transitions + 1 };
    return { metadata: { name, resourceVersion, labels, annotations }, spec: { ...spec, ...since } };
  }
}

function toHeld(object: LeaseObject | undefined, renewedAt: number): Held | undefined {
  return object === undefined ? undefined : { object, renewedAt };
}

/** The API takes six digits of a second, no more and no less. */
function toMicroTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}
