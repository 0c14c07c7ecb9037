import type { Clock } from '../base/clock.ts';
import type { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { TlsRefusal } from '../rpc/tls-listener.ts';

/** For so long one kind of refusal from one address is logged once. */
const SILENCE_MS = 60_000;
/** Addresses that are remembered; somebody who has very many must not fill the memory. */
const MAX_REMEMBERED = 1_000;

/** Who was not let in, or not let do something. */
export interface Refusals {
  /** A connection that was turned away. */
  noteConnection(refusal: TlsRefusal): void;
  /** A call that whoever is connected may not make. */
  noteCall(peer: string, method: string): void;
  /** A ticket for content that is not good. */
  noteTicket(refusal: DriverError, remoteAddress: string | undefined): void;
  /** A connection for content when there were too many that had not said yet what they wanted. */
  noteCrowd(remoteAddress: string | undefined): void;
}

/** Counts every refusal, and logs each kind of it once a minute for each address, saying how many there were. */
export function createRefusals(deps: {
  readonly metrics: Pick<Metrics, 'refused'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
}): Refusals {
  const { metrics, logger, clock } = deps;
  const remembered = new Map<string, { readonly at: number; count: number }>();
  const note = (reason: string, who: string, detail: string): void => {
    metrics.refused(reason);
    const key = `${reason} ${who}`;
    const last = remembered.get(key);
    if (last !== undefined && clock.monotonic() - last.at < SILENCE_MS) {
      last.count += 1;
      return;
    }
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, { at: clock.monotonic(), count: 0 });
    logger.warn('Somebody was refused', { reason, who, detail, unlogged: last?.count ?? 0 });
  };
  return {
    noteConnection: ({ reason, remoteAddress, detail }) => note(reason, remoteAddress ?? 'unknown', detail),
    noteCall: (peer, method) => note('not-allowed', peer, method),
    noteTicket: ({ message }, remoteAddress) => note('ticket', remoteAddress ?? 'unknown', message),
    noteCrowd: (remoteAddress) =>
      note('too-many', remoteAddress ?? 'unknown', 'too many connections for content that say nothing'),
  };
}
