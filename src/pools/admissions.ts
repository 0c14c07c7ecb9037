import { DriverError } from '../domain/errors.ts';
import type { AdmitPoolRequest, AwaitingPool } from '../filestore/pool-admission.ts';
import type { Logger } from '../observability/logger.ts';
import { describeForgetting } from './forgetting.ts';

/** What a controller has said of a place. */
export type Admittance = Pick<AdmitPoolRequest, 'knownPoolId' | 'clusterId'>;

/**
 * The places of this node that wait for a controller's word, and the words. A node cannot tell a new pool from one whose disk is not
 * mounted; the registry of the cluster can. Words are kept in memory only: after a restart a place that still waits is asked about again.
 */
export class Admissions {
  readonly #logger: Logger;
  readonly #waiting = new Map<string, AbortController>();
  readonly #admitted = new Map<string, Admittance>();
  /** The last word that the log tells of for each place, once it tells of the place at all. */
  readonly #told = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  list(): readonly AwaitingPool[] {
    return [...this.#waiting.keys()].map((poolName) => ({ poolName }));
  }

  isWaiting(poolName: string): boolean {
    return this.#waiting.has(poolName);
  }

  find(poolName: string): Admittance | undefined {
    return this.#admitted.get(poolName);
  }

  /** Lets a place wait. The signal aborts when it is admitted. */
  wait(poolName: string): AbortSignal {
    const waiting = this.#waiting.get(poolName) ?? new AbortController();
    if (!this.#waiting.has(poolName)) {
      this.#waiting.set(poolName, waiting);
      const level = this.#told.has(poolName) ? 'debug' : 'info';
      this.#told.set(poolName, this.#told.get(poolName) ?? '');
      this.#logger[level]('A pool waits to be admitted by a controller', { pool: poolName });
    }
    return waiting.signal;
  }

  /** The word is used up: it is asked for again when the place is tried again. */
  settle(poolName: string): void {
    this.#waiting.delete(poolName);
    this.#admitted.delete(poolName);
  }

  /** The pool is open, and needs no word any more. */
  finish(poolName: string): void {
    this.settle(poolName);
    this.#told.delete(poolName);
  }

  /** Notes the word for a place that waits; others need none. */
  admit({ poolName, knownPoolId, clusterId }: AdmitPoolRequest): void {
    const waiting = this.#waiting.get(poolName);
    if (waiting === undefined) return;
    this.#admitted.set(poolName, { knownPoolId, clusterId });
    this.#waiting.delete(poolName);
    const word = JSON.stringify([knownPoolId, clusterId]);
    const level = this.#told.get(poolName) === word ? 'debug' : 'info';
    this.#told.set(poolName, word);
    this.#logger[level]('A pool was admitted by a controller', { pool: poolName, knownPoolId });
    waiting.abort(new Error('The pool is admitted.'));
  }
}

/** What is said of a pool that waits. */
export function describeWaiting(poolName: string): string {
  return `Pool ${poolName} was never open on this node, so a controller has to say whether it is new, and not one whose disk is not mounted. If it stays so, see whether controllers run and reach this node.`;
}

/** Checks an open pool against what a controller expects. Throws PRECONDITION_FAILED. */
export function checkAdmitted(
  open: { readonly poolId: string; readonly clusterId: string },
  { poolName, knownPoolId, clusterId }: AdmitPoolRequest,
): void {
  if (open.clusterId !== clusterId) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Pool ${poolName} (${open.poolId}) belongs to cluster ${open.clusterId}, and this one is ${clusterId}: mount the right disk, or wipe it if nobody needs what it holds.`,
    );
  }
  if (knownPoolId === undefined || knownPoolId === open.poolId) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${poolName} is ${open.poolId} here, and the cluster knows it as ${knownPoolId}: mount the right disk; if the old one is gone for good, ${describeForgetting(knownPoolId, 'cluster')}.`,
  );
}
