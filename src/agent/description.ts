import type { StoreAbilities, StoreRoom } from '../filestore/file-store.ts';
import type { AgentIdentity } from './identity.ts';

/** What an agent says of itself. */
export interface AgentDescription extends AgentIdentity {
  /** Version of its program, for people. */
  readonly release: string;
  readonly pools: readonly DescribedPool[];
}

/** One pool of a node, as its agent sees it. */
export interface DescribedPool {
  readonly name: string;
  /** Undefined before it was ever opened. */
  readonly poolId: string | undefined;
  /** CSI name of the driver that it belongs to. */
  readonly driver: string;
  readonly state: DescribedState;
  readonly settings: AgentPoolSettings;
}

export type DescribedState =
  | { readonly kind: 'open'; readonly abilities: StoreAbilities; readonly room: StoreRoom | undefined }
  /** A sentence that says what to do. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Waits for the controller to say whether it is new, or is being opened just now. */
  | { readonly kind: 'awaiting' };

/** What the registry keeps of a pool's configuration. */
export interface AgentPoolSettings {
  /** After so long a silence what the pool held is given up. Undefined keeps it for ever. */
  readonly releaseAfterSeconds: number | undefined;
  /** Several agents may have it open at once: it is on storage that all of them reach. */
  readonly isShared?: true;
}
