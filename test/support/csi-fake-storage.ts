import { quote } from '../../src/base/quote.ts';
import type { VolumeCapability } from '../../src/domain/access.ts';
import { DriverError } from '../../src/domain/errors.ts';
import { createObjectId, formatObjectId, type ObjectId, parseObjectId } from '../../src/domain/ids.ts';
import type { ContentSource, Page, PageRequest } from '../../src/domain/volume.ts';

export interface FakeVolume {
  readonly id: string;
  readonly name: string;
  readonly kind: 'mount' | 'block';
  readonly parameters: Readonly<Record<string, string>>;
  readonly source: ContentSource | undefined;
  capacityBytes: number;
}

export interface FakeSnapshot {
  readonly id: string;
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly sizeBytes: number;
  readonly createdAt: Date;
}

export interface FakeMount {
  readonly volumeId: string;
  readonly capability: VolumeCapability;
  readonly readOnly: boolean;
}

const PLACE = { clusterId: 'fake', poolId: 'fakepool' };

/** The one pool of the fake backend, in memory. Ids are made and read as those of real pools are. */
export class FakeStorage {
  readonly volumes = new Map<string, FakeVolume>();
  readonly snapshots = new Map<string, FakeSnapshot>();
  /** By path. */
  readonly staged = new Map<string, FakeMount>();
  readonly published = new Map<string, FakeMount>();
  readonly capacityBytes: number;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get availableBytes(): number {
    const promised = [...this.volumes.values()].reduce((sum, volume) => sum + volume.capacityBytes, 0);
    return this.capacityBytes - promised;
  }

  createId(kind: ObjectId['kind'], name: string): string {
    return formatObjectId(createObjectId(kind, PLACE, name));
  }

  getVolume(id: string): FakeVolume {
    const volume = this.volumes.get(id);
    if (volume === undefined) throw new DriverError('VOLUME_NOT_FOUND', `No volume ${quote(id)} exists.`);
    return volume;
  }

  getSnapshot(id: string): FakeSnapshot {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined)
      throw new DriverError('SNAPSHOT_NOT_FOUND', `No snapshot ${quote(id)} exists.`);
    return snapshot;
  }

  /** Paths at which a volume is published. */
  listTargets(volumeId: string): readonly string[] {
    return [...this.published].filter(([, mount]) => mount.volumeId === volumeId).map(([path]) => path);
  }

  isInUse(volumeId: string): boolean {
    const mounts = [...this.staged.values(), ...this.published.values()];
    return mounts.some((mount) => mount.volumeId === volumeId);
  }
}

/** A page of what there is, ordered by id. Throws TOKEN_UNKNOWN for a token that is no id. */
export function toPage<T extends { readonly id: string }>(
  all: Iterable<T>,
  { maxEntries, startingToken }: PageRequest,
): Page<T> {
  if (startingToken !== undefined && parseObjectId(startingToken) === undefined)
    throw new DriverError('TOKEN_UNKNOWN', `The token ${quote(startingToken)} is not one of ours.`);
  const after = [...all]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .filter(({ id }) => startingToken === undefined || id > startingToken);
  const entries = maxEntries === 0 ? after : after.slice(0, maxEntries);
  return { entries, nextToken: entries.length < after.length ? entries.at(-1)?.id : undefined };
}
