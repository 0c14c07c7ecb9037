import type { Clock } from '../base/clock.ts';
import { startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import type { Lease } from '../base/lease.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import { PoolRegistration } from './pool-registration.ts';
import { PoolReturns } from './pool-returns.ts';
import type { NodeReport, PoolReports } from './pool-reports.ts';
import type { PoolInstance, PoolRegistry } from './registry.ts';
import type { RegistryView } from './registry-view.ts';
import { SignsOfLife } from './signs-of-life.ts';
import { listOverdue, listSilent } from './silence.ts';

const ROUND_MS = 5_000;
/** Bound on what one round asks of the registry and the nodes. */
const ROUND_DEADLINE_MS = 60_000;

export interface PoolSupervisorOptions {
  /** CSI name of the driver whose pools these are; reports and instances of others are left alone. */
  readonly driver: string;
  readonly clusterId: string;
  readonly registry: PoolRegistry;
  readonly view: RegistryView;
  readonly reports: PoolReports;
  /** The stores as the nodes offer them: a pool that comes back is cleaned before anybody else may use it. */
  readonly stores: StoreDirectory;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the registry in step with what the nodes say: registers pools before they are used, admits new ones, notes silence, gives pools up by their
 * policy, and cleans those that come back. Every controller registers; the rest is done under the lease, and is right when two do it.
 */
export class PoolSupervisor {
  readonly #options: PoolSupervisorOptions;
  readonly #registration: PoolRegistration;
  readonly #returns: PoolReturns;
  readonly #trouble: Trouble;
  readonly #writing: Trouble;
  readonly #stop = new AbortController();
  readonly #signs: SignsOfLife;
  /** What places were told, by node and name. */
  readonly #admitted = new Map<string, string>();
  #held: AbortSignal | undefined;
  #wake = Promise.withResolvers<void>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PoolSupervisorOptions) {
    this.#options = options;
    this.#signs = new SignsOfLife(options.clock);
    this.#registration = new PoolRegistration(options);
    this.#returns = new PoolReturns(options);
    this.#trouble = new Trouble(options.logger, 'error');
    this.#writing = new Trouble(options.logger, 'error');
  }

  /** Why the pools cannot be supervised as they should be: a sentence that says what to do. Undefined when they are, and before {@link start}. */
  findObstacle(): string | undefined {
    return this.#trouble.sentence ?? this.#writing.sentence;
  }

  /**
   * Reads the registry, which has to be awaited before anything is answered, tries again until it can be, and goes on in the background. Throws
   * only the signal's reason.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { view, reports, clock, lease, logger } = this.#options;
    this.#signs.begin();
    for (;;) {
      try {
        await view.refresh(signal);
        this.#endTrouble();
        break;
      } catch (error) {
        signal.throwIfAborted();
        this.#note(error);
        await clock.sleep(ROUND_MS, signal);
      }
    }
    await this.#noteWriting(undefined, signal);
    const subscription = reports.onChange(() => this.#wake.resolve());
    const rounds = this.#runForever().finally(() => subscription[Symbol.dispose]());
    const leading = lease.holdWhile(async (held) => await this.#lead(held), this.#stop.signal);
    this.#running = Promise.all([rounds, leading]).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) logger.error('The pools are not supervised any more', { err: error });
    });
  }

  /** Ends the work in the background. What is left of it is taken up by whoever supervises next. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The supervision of pools is being stopped.'));
    await this.#running;
    await this.#returns.settle();
  }

  /** Waits for what rounds have begun at pools that come back. */
  async settle(): Promise<void> {
    await this.#returns.settle();
  }

  /** One round of everything; for tests, and done by itself every few seconds and when a node has something new to say. */
  async round(signal: AbortSignal): Promise<void> {
    const { view, reports } = this.#options;
    const nodes = reports.list();
    this.#signs.hear(nodes.map(({ nodeName }) => nodeName));
    await view.refresh(signal);
    const { isChanged, failure } = await this.#registration.registerAll(nodes, signal);
    if (isChanged) await view.refresh(signal);
    await this.#noteWriting(failure, signal);
    const held = this.#held;
    if (held === undefined || held.aborted) return;
    await this.#admitAll(nodes, signal);
    await this.#tendSilence(nodes, signal);
    this.#returns.take(nodes, held);
  }

  async #lead(held: AbortSignal): Promise<void> {
    this.#held = held;
    this.#wake.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (held.aborted) resolve();
    held.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#held = undefined;
  }

  async #runForever(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      using deadline = startDeadline(signal, ROUND_DEADLINE_MS);
      try {
        await this.round(deadline.signal);
        this.#endTrouble();
      } catch (error) {
        if (signal.aborted) return;
        this.#note(error);
      }
      await this.#rest(signal);
    }
  }

  /** Until the next round is due, or a node has something to say. */
  async #rest(signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const both = AbortSignal.any([signal, end.signal]);
    const due = this.#options.clock.sleep(ROUND_MS, both).catch(() => undefined);
    await raceAbort(Promise.race([due, this.#wake.promise]), signal).catch(() => undefined);
    end.abort();
  }

  #endTrouble(): void {
    this.#trouble.end('The pools are supervised again');
  }

  /** What was written, or could be, is no trouble any more. */
  async #noteWriting(failure: unknown, signal: AbortSignal): Promise<void> {
    const problem = failure ?? (await this.#findWritingProblem(signal));
    if (problem === undefined) this.#writing.end('The registry of pools can be written again');
    else this.#writing.note('The registry of pools cannot be written', problem);
  }

  async #findWritingProblem(signal: AbortSignal): Promise<unknown> {
    try {
      await this.#options.registry.check(signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return error;
    }
  }

  #note(error: unknown): void {
    this.#trouble.note('The pools cannot be supervised for now', error);
  }

  /** Asks the registry itself each time: what was read before may be older than what somebody else has admitted. */
  async #admitAll(nodes: readonly NodeReport[], signal: AbortSignal): Promise<void> {
    const { driver, registry, reports, view, clusterId } = this.#options;
    for (const { nodeName, pools } of nodes) {
      for (const { name, driver: owner, state } of pools) {
        if (state.kind !== 'awaiting' || owner !== driver) continue;
        try {
          const known = await registry.find({ driver, poolName: name, nodeName }, signal);
          const knownPoolId = known?.poolId;
          await reports.admit({ driver, nodeName, poolName: name, knownPoolId, clusterId }, signal);
          view.noteRefusal({ nodeName, poolName: name }, undefined);
          this.#logAdmission({ nodeName, poolName: name, knownPoolId });
        } catch (error) {
          signal.throwIfAborted();
          this.#registration.refuse({ nodeName, poolName: name }, error);
        }
      }
    }
  }

  /** A pool whose disk is missing asks again and again, and is told the same. */
  #logAdmission(word: {
    readonly nodeName: string;
    readonly poolName: string;
    readonly knownPoolId: string | undefined;
  }): void {
    const { nodeName, poolName, knownPoolId } = word;
    const key = JSON.stringify([nodeName, poolName]);
    const said = knownPoolId ?? 'new';
    if (this.#admitted.get(key) === said) return;
    this.#admitted.set(key, said);
    this.#options.logger.info('Pool admitted', { pool: poolName, node: nodeName, knownPoolId });
  }

  async #tendSilence(nodes: readonly NodeReport[], signal: AbortSignal): Promise<void> {
    const { driver, registry, view, logger } = this.#options;
    const instances = view.instances.filter((instance) => instance.driver === driver);
    this.#signs.read(instances);
    const facts = {
      instances,
      silentForMs: (nodeName: string) => this.#signs.getSilenceMs(nodeName),
      isAnyoneHeard: nodes.length > 0,
    };
    const [silent, overdue] = [listSilent(facts), listOverdue(facts)];
    for (const instance of silent) {
      await registry.noteSilence(instance.poolId, signal);
      logger.warn('A pool is out of reach: its node does not answer', describe(instance));
    }
    for (const instance of overdue) {
      await registry.release({ poolId: instance.poolId, by: instance.release?.by ?? 'policy' }, signal);
      logger.warn('A pool was given up: its node has been silent for too long', describe(instance));
    }
    if (silent.length + overdue.length > 0) await view.refresh(signal);
  }
}

function describe({ poolId, poolName, nodeName }: PoolInstance): Readonly<Record<string, string>> {
  return { poolId, pool: poolName, node: nodeName };
}
