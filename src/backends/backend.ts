import type { ZodType } from 'zod';
import type { MountAccess, VolumeCapability } from '../domain/access.ts';
import type { Capacity, CapacityRange } from '../domain/capacity.ts';
import type { StorageHealthStatus, VolumeHealth } from '../domain/health.ts';
import type { Topology, TopologyRequirement } from '../domain/topology.ts';
import type { ContentSource, Page, PageRequest, Snapshot, Volume, VolumeStats } from '../domain/volume.ts';

/**
 * The controller half of a backend. Every method takes one options object and a signal, returns domain types, throws
 * DriverError, and is idempotent. Requests are well formed (csi/validation): required fields are there, ids are not
 * parsed yet. Facets are present or absent; what CSI announces is derived from them.
 */
export interface ControllerBackend {
  /** Whether volumes and snapshots have a place: the driver then announces topology. */
  readonly hasTopology: boolean;
  /** Throws INVALID_ARGUMENT when a capability cannot be had from this backend at all, with a sentence that says what can. */
  checkCapabilities(capabilities: readonly VolumeCapability[]): void;

  /** CSI CreateVolume: the volume of this name, made if there is none. Throws VOLUME_INCOMPATIBLE, SIZE_OUT_OF_RANGE, NO_ROOM, INVALID_ARGUMENT, …_NOT_FOUND for the source. */
  createVolume(options: CreateVolumeOptions, signal: AbortSignal): Promise<Volume>;
  /** CSI DeleteVolume. Unknown is fine; VOLUME_IN_USE. */
  deleteVolume(options: VolumeOptions, signal: AbortSignal): Promise<void>;
  /** Throws VOLUME_NOT_FOUND. */
  getVolume(options: VolumeOptions, signal: AbortSignal): Promise<Volume>;
  listVolumes(options: PageRequest, signal: AbortSignal): Promise<Page<Volume>>;
  /** CSI ValidateVolumeCapabilities: why this volume cannot be used so; undefined when it can. Throws VOLUME_NOT_FOUND. */
  findObjection(options: ObjectionOptions, signal: AbortSignal): Promise<string | undefined>;

  readonly expansion?: ExpansionFacet;
  readonly snapshots?: SnapshotsFacet;
  /** Present: CreateVolume takes a volume as its source. */
  readonly cloning?: { readonly supported: true };
  readonly capacity?: CapacityFacet;
  readonly health?: ControllerHealthFacet;
}

export interface VolumeOptions {
  readonly volumeId: string;
}

export interface CreateVolumeOptions {
  readonly name: string;
  readonly range: CapacityRange | undefined;
  readonly capabilities: readonly VolumeCapability[];
  /** As in the StorageClass; the backend parses them (parameters.ts). */
  readonly parameters: Readonly<Record<string, string>>;
  readonly source: ContentSource | undefined;
  /** Undefined: the caller left it to the driver. */
  readonly topology: TopologyRequirement | undefined;
}

export interface ObjectionOptions extends VolumeOptions {
  readonly capabilities: readonly VolumeCapability[];
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ExpansionFacet {
  /** CSI ControllerExpandVolume. Already that large is fine. */
  expandVolume(options: ExpandVolumeOptions, signal: AbortSignal): Promise<ExpandedVolume>;
}

export interface ExpandVolumeOptions extends VolumeOptions {
  readonly range: CapacityRange;
}

export interface ExpandedVolume {
  readonly capacityBytes: number;
  /** Whether the node has something left to grow. */
  readonly nodeExpansionRequired: boolean;
}

export interface SnapshotsFacet {
  /** CSI CreateSnapshot. Throws VOLUME_NOT_FOUND, SNAPSHOT_INCOMPATIBLE, and NO_ROOM also when it cannot be where it is asked for. */
  createSnapshot(options: CreateSnapshotOptions, signal: AbortSignal): Promise<Snapshot>;
  deleteSnapshot(options: SnapshotOptions, signal: AbortSignal): Promise<void>;
  /** Throws SNAPSHOT_NOT_FOUND. */
  getSnapshot(options: SnapshotOptions, signal: AbortSignal): Promise<Snapshot>;
  /** Unknown filters give an empty page. */
  listSnapshots(options: ListSnapshotsOptions, signal: AbortSignal): Promise<Page<Snapshot>>;
}

export interface CreateSnapshotOptions {
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Where volumes made from it have to be usable. Undefined: the caller left it to the driver. */
  readonly topology: TopologyRequirement | undefined;
}

export interface SnapshotOptions {
  readonly snapshotId: string;
}

export interface ListSnapshotsOptions extends PageRequest {
  readonly snapshotId: string | undefined;
  readonly sourceVolumeId: string | undefined;
}

export interface CapacityFacet {
  getCapacity(options: CapacityOptions, signal: AbortSignal): Promise<Capacity>;
}

export interface CapacityOptions {
  readonly capabilities: readonly VolumeCapability[];
  /** Raw, `csi.storage.k8s.io/` keys included; empty when the caller asks for all there is. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly topology: Topology | undefined;
}

export interface ControllerHealthFacet {
  /** Throws VOLUME_NOT_FOUND. */
  getVolumeHealth(options: VolumeOptions, signal: AbortSignal): Promise<VolumeHealth>;
  listVolumeHealth(options: PageRequest, signal: AbortSignal): Promise<Page<VolumeHealth>>;
}

/** The node half of a backend, under the same rules. Calls for one volume never overlap (rpc in-flight interceptor). */
export interface NodeBackend {
  getInfo(signal: AbortSignal): Promise<NodeInfo>;
  /** CSI NodeStageVolume. The staging directory exists. Throws VOLUME_NOT_FOUND, PUBLISH_INCOMPATIBLE when it is staged there differently. */
  stage(options: StageOptions, signal: AbortSignal): Promise<void>;
  /** CSI NodeUnstageVolume. Not staged, or a volume that is gone: fine. */
  unstage(options: UnstageOptions, signal: AbortSignal): Promise<void>;
  /** CSI NodePublishVolume. Makes the target. Throws PRECONDITION_FAILED when it is not staged, or SINGLE_NODE_SINGLE_WRITER is published elsewhere. */
  publish(options: PublishOptions, signal: AbortSignal): Promise<void>;
  /** CSI NodeUnpublishVolume. Removes the target. Missing is fine. */
  unpublish(options: UnpublishOptions, signal: AbortSignal): Promise<void>;
  /** Throws VOLUME_NOT_FOUND, and PATH_NOT_FOUND when the volume is not at that path. */
  getStats(options: VolumePathOptions, signal: AbortSignal): Promise<VolumeStats>;
  /** CSI NodeExpandVolume. Undefined: this backend has nothing to do on a node. */
  readonly expand?: (
    options: NodeExpandOptions,
    signal: AbortSignal,
  ) => Promise<{ readonly capacityBytes: number }>;
  /** Present: capabilities may name a group, which the volume is then made to belong to (CSI VOLUME_MOUNT_GROUP). */
  readonly mountGroup?: { readonly supported: true };
  readonly health?: NodeHealthFacet;
  /** Ends, within seconds, work that goes on although no call waits for it. Undefined: there is none. */
  readonly close?: () => Promise<void>;
}

export interface NodeInfo {
  readonly nodeId: string;
  /** 0: no limit to state. */
  readonly maxVolumes: number;
  readonly topology: Topology | undefined;
}

export interface StageOptions extends VolumeOptions {
  readonly stagingPath: string;
  readonly capability: VolumeCapability;
  readonly context: Readonly<Record<string, string>>;
}

export interface UnstageOptions extends VolumeOptions {
  readonly stagingPath: string;
}

export interface PublishOptions extends StageOptions {
  readonly targetPath: string;
  readonly readOnly: boolean;
}

export interface UnpublishOptions extends VolumeOptions {
  readonly targetPath: string;
}

export interface VolumePathOptions extends VolumeOptions {
  /** Staged or published path, as the caller has it: maybe relative, maybe nonsense. */
  readonly volumePath: string;
}

export interface NodeExpandOptions extends VolumePathOptions {
  readonly range: CapacityRange | undefined;
  readonly access: MountAccess | { readonly kind: 'block' } | undefined;
}

export interface NodeHealthFacet {
  /** Throws VOLUME_NOT_FOUND. */
  getVolumeHealth(options: NodeHealthOptions, signal: AbortSignal): Promise<VolumeHealth>;
  getStorageHealth(signal: AbortSignal): Promise<readonly StorageHealthStatus[]>;
}

export interface NodeHealthOptions extends VolumeOptions {
  readonly publishPath: string | undefined;
  readonly stagingPath: string | undefined;
}

/** What the registry knows of a backend. Its halves come from controller.ts and node.ts of its folder; main/ builds them. */
export interface BackendDefinition<C = unknown> {
  /** `hostpath` */
  readonly name: string;
  /** The default CSI driver name. */
  readonly driverName: string;
  /** Its section of the configuration file. */
  readonly config: ZodType<C>;
  /** The StorageClass parameters, for documentation and for `config check`. */
  readonly parameters: ZodType;
}

/** Keeps the type of the configuration while it checks the shape. */
export function defineBackend<C>(definition: BackendDefinition<C>): BackendDefinition<C> {
  return Object.freeze(definition);
}
