import * as z from 'zod';
import { FS_TYPES } from '../domain/access.ts';

/** Raised when a record's meaning changes; a newer one than this is refused, never guessed. */
export const RECORD_FORMAT = 1;

/** How a volume is kept: a tree with a quota, or one file behind a loop device. */
export const LAYOUTS = ['directory', 'image'] as const;
export type Layout = (typeof LAYOUTS)[number];

const Bytes = z.number().int().nonnegative();

const ContentSourceRecord = z
  .strictObject({ kind: z.enum(['snapshot', 'volume']), id: z.string() })
  .readonly();

/** How the tree of a directory is limited; what removes and measures it needs to know. */
const DirectoryRecord = z
  .strictObject({
    layout: z.literal('directory'),
    quota: z.enum(['project', 'qgroup', 'none']),
    projectId: z.number().int().positive().optional(),
    /** Kept under that quota for its accounting and copying, but without a limit (`quota: none`). */
    unlimited: z.literal(true).optional(),
  })
  .readonly();

const ImageRecord = z
  .strictObject({
    layout: z.literal('image'),
    accessType: z.enum(['mount', 'block']),
    /** For `mount`: what the formatter makes, or made. */
    fsType: z.enum(FS_TYPES).optional(),
    sectorSizeBytes: z.number().int(),
    preallocated: z.boolean(),
    /** The content was cloned, and whoever stages it first has to give its file system an identity of its own. */
    identityPending: z.boolean(),
    /** The content was cloned, and whoever stages it first has to give its root the owner and bits that were asked for. */
    ownerPending: z.literal(true).optional(),
  })
  .readonly();

export const Kept = z.discriminatedUnion('layout', [DirectoryRecord, ImageRecord]);

export type Kept = z.infer<typeof Kept>;

/** volume.json. Written once at the commit; only capacity and what is pending ever change. */
export const VolumeRecord = z
  .strictObject({
    formatVersion: z.literal(RECORD_FORMAT),
    id: z.string(),
    /** The CSI name. */
    name: z.string(),
    capacityBytes: Bytes,
    kept: Kept,
    /** What was asked at creation, as far as it decides whether a second request is the same one. */
    asked: z
      .strictObject({
        parameters: z.record(z.string(), z.string()),
        accessType: z.enum(['mount', 'block']),
        fsType: z.enum(FS_TYPES).optional(),
      })
      .readonly(),
    source: ContentSourceRecord.optional(),
    /** The oldest volume or snapshot with which blocks may be shared, by its id; it may be gone. Absent when it shares none with older ones. */
    family: z.string().optional(),
    /** Owner and permission bits of the volume's root, as far as they were asked; an image gets them after mkfs. */
    owner: z
      .strictObject({
        uid: z.number().int().optional(),
        gid: z.number().int().optional(),
        mode: z.number().int().optional(),
      })
      .readonly(),
    /** That the content is set aside when the volume is deleted, and where. */
    onDelete: z.enum(['retain', 'archive']).optional(),
    /** Whom the volume was made for, for people. */
    claim: z.strictObject({ namespace: z.string(), name: z.string() }).readonly().optional(),
    /** Random; tells two builders of one name apart after the commit rename. */
    nonce: z.string(),
    createdAt: z.iso.datetime(),
  })
  .readonly();
export type VolumeRecord = z.infer<typeof VolumeRecord>;

/** snapshot.json. Never changes. */
export const SnapshotRecord = z
  .strictObject({
    formatVersion: z.literal(RECORD_FORMAT),
    id: z.string(),
    name: z.string(),
    sourceVolumeId: z.string(),
    /** As in a volume's record. */
    family: z.string().optional(),
    /** Capacity of the source at the cut: the least size of a volume restored from it. */
    sizeBytes: Bytes,
    /** What it can hold on to when its source changes wholly; counts as promised. */
    heldBytes: Bytes,
    kept: Kept,
    /** `frozen`: file system frozen during the cut. `unmounted`: certainly not in use. `crash`: as after a power cut. `per-file`: a tree that was, or may have been, in use. */
    consistency: z.enum(['frozen', 'unmounted', 'crash', 'per-file']),
    nonce: z.string(),
    createdAt: z.iso.datetime(),
  })
  .readonly();
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;

/** pool.json: what makes a directory a pool. */
export const PoolRecord = z
  .strictObject({
    formatVersion: z.literal(RECORD_FORMAT),
    poolId: z.string(),
    clusterId: z.string(),
    createdAt: z.iso.datetime(),
  })
  .readonly();
export type PoolRecord = z.infer<typeof PoolRecord>;
