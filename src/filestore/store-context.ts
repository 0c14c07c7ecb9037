import type { Clock } from '../base/clock.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { Filesystems } from '../host/filesystems/index.ts';
import type { Host } from '../host/host.ts';
import type { Logger } from '../observability/logger.ts';
import type { Checkpoints } from './content/checkpoints.ts';
import type { ContentOrigin, ContentSources } from './content/content.ts';
import type { Cuts } from './content/cuts.ts';
import type { StoreAbilities } from './file-store.ts';
import type { Jobs } from './jobs.ts';
import type { LayoutKind } from './layouts/layout.ts';
import type { StorePaths } from './paths.ts';
import type { Pins } from './pins.ts';
import type { PoolPresence } from './pool-presence.ts';
import type { Layout, SnapshotRecord, VolumeRecord } from './records.ts';
import type { RecordChanges } from './record-changes.ts';
import type { RoomKeeper } from './room.ts';
import type { Shelf } from './shelf.ts';
import type { Staging } from './staging.ts';
import type { StoreFiles } from './store-files.ts';
import type { Trash } from './trash.ts';
import type { UsageMeter } from './usage-meter.ts';

/** What a pool is configured to be. */
export interface PoolSettings {
  readonly name: string;
  readonly path: string;
  readonly overcommit: number;
  readonly lowWaterPercent: number;
}

/** Called between the steps of an operation with the name of the step that is done; a test stops the world there. */
export type StepHook = (step: string) => void | Promise<void>;

/** Everything that the operations of one open store share. */
export interface StoreContext {
  readonly pool: PoolSettings;
  readonly poolId: string;
  readonly clusterId: string;
  readonly nodeName: string;
  /** Whether other programs work on the pool, too. */
  readonly isShared: boolean;
  readonly files: StoreFiles;
  readonly paths: StorePaths;
  readonly host: Host;
  readonly filesystems: Filesystems;
  readonly abilities: StoreAbilities;
  readonly layouts: Readonly<Record<Layout, LayoutKind>>;
  readonly volumes: Shelf<VolumeRecord>;
  readonly snapshots: Shelf<SnapshotRecord>;
  readonly changes: RecordChanges;
  readonly presence: PoolPresence;
  readonly room: RoomKeeper;
  readonly meter: UsageMeter;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly jobs: Jobs;
  /** The way to content of other stores. */
  readonly contents: ContentSources;
  /** Where the sources of volumes that are being made are, by what is asked. */
  readonly origins: Map<string, ContentOrigin>;
  readonly cuts: Cuts;
  readonly checkpoints: Checkpoints;
  readonly pins: Pins;
  /** Shared with the node half: `volume:<id>`. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onStep: StepHook;
}
