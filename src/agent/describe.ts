import { startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import type { FileStore, StoreRoom } from '../filestore/file-store.ts';
import type { PoolAdmission } from '../filestore/pool-admission.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import type { AgentDescription, AgentPoolSettings, DescribedPool } from './description.ts';
import type { AgentIdentity } from './identity.ts';

/** Bound on asking a pool for its room: one that hangs must not keep the others from being described. */
const ROOM_DEADLINE_MS = 1_000;

/** Of what a description is made. */
export interface DescribeDeps {
  readonly identity: AgentIdentity;
  readonly release: string;
  /** CSI name of the driver whose pools these are. */
  readonly driver: string;
  readonly stores: StoreDirectory;
  /** Left out where every pool is opened without asking. */
  readonly admission?: PoolAdmission;
  /** What the configuration says of a pool. */
  readonly settingsOf: (poolName: string) => AgentPoolSettings;
}

/** Who this is, and how its pools are now. Takes little more than a second, whatever the pools do. */
export async function describeAgent(deps: DescribeDeps, signal: AbortSignal): Promise<AgentDescription> {
  const { identity, release, driver, settingsOf } = deps;
  const waiting = new Set(deps.admission?.list().map(({ poolName }) => poolName));
  const describe = async ({ poolName, poolId, state }: StoreEntry): Promise<DescribedPool> => {
    const same = { name: poolName, poolId, driver, settings: settingsOf(poolName) };
    if ('store' in state) {
      const room = await findRoom(state.store, signal);
      return { ...same, state: { kind: 'open', abilities: state.store.abilities, room } };
    }
    if (waiting.has(poolName) || state.isOpening === true) return { ...same, state: { kind: 'awaiting' } };
    return { ...same, state: { kind: 'unavailable', reason: state.unavailable } };
  };
  return { ...identity, release, pools: await Promise.all(deps.stores.list().map(describe)) };
}

async function findRoom(store: FileStore, signal: AbortSignal): Promise<StoreRoom | undefined> {
  using deadline = startDeadline(signal, ROOM_DEADLINE_MS);
  try {
    return await raceAbort(store.getRoom(deadline.signal), deadline.signal);
  } catch {
    // The pool is open, and whoever asks it for its room hears why it does not say.
    signal.throwIfAborted();
    return undefined;
  }
}
