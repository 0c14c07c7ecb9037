import { startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import type { FileStore, StoreRoom } from '../filestore/file-store.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { AgentDescription, DescribedPool } from './description.ts';
import type { AgentIdentity } from './identity.ts';
import type { PoolOffer } from './pool-offer.ts';

/** Bound on asking a pool for its room: one that hangs must not keep the others from being described. */
const ROOM_DEADLINE_MS = 1_000;

/** Of what a description is made. */
export interface DescribeDeps {
  readonly identity: AgentIdentity;
  readonly release: string;
  /** The pools of every driver. */
  readonly offers: readonly PoolOffer[];
}

/** Who this is, and how its pools are now. Takes little more than a second, whatever the pools do. */
export async function describeAgent(
  { identity, release, offers }: DescribeDeps,
  signal: AbortSignal,
): Promise<AgentDescription> {
  const pools = await Promise.all(offers.map(async (offer) => await describeOffer(offer, signal)));
  return { ...identity, release, pools: pools.flat() };
}

async function describeOffer(
  { driver, stores, admission, settingsOf }: PoolOffer,
  signal: AbortSignal,
): Promise<readonly DescribedPool[]> {
  const waiting = new Set(admission?.list().map(({ poolName }) => poolName));
  const describe = async ({ poolName, poolId, state }: StoreEntry): Promise<DescribedPool> => {
    const same = { name: poolName, poolId, driver, settings: settingsOf(poolName) };
    if ('store' in state) {
      const room = await findRoom(state.store, signal);
      return { ...same, state: { kind: 'open', abilities: state.store.abilities, room } };
    }
    if (waiting.has(poolName) || state.isOpening === true) return { ...same, state: { kind: 'awaiting' } };
    return { ...same, state: { kind: 'unavailable', reason: state.unavailable } };
  };
  return await Promise.all(stores.list().map(describe));
}

async function findRoom(store: FileStore, signal: AbortSignal): Promise<StoreRoom | undefined> {
  if (store.peekRoom !== undefined) return store.peekRoom();
  using deadline = startDeadline(signal, ROOM_DEADLINE_MS);
  try {
    return await raceAbort(store.getRoom(deadline.signal), deadline.signal);
  } catch {
    // The pool is open, and whoever asks it for its room hears why it does not say.
    signal.throwIfAborted();
    return undefined;
  }
}
