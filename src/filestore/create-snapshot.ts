import { quote } from '../base/quote.ts';
import { hashName } from '../base/ids.ts';
import { DriverError } from '../domain/errors.ts';
import { createObjectId, formatObjectId } from '../domain/ids.ts';
import type { CreateSnapshotRequest } from './file-store.ts';
import type { JobHandle } from './jobs.ts';
import type { SourceContent } from './layouts/layout.ts';
import {
  checkNotMadeElsewhere,
  commitDraft,
  copyFrom,
  findSharedFamily,
  getSource,
  readSnapshotRecord,
} from './objects.ts';
import { RECORD_FORMAT, type SnapshotRecord } from './records.ts';
import type { StoreContext } from './store-context.ts';

/** See FileStore.createSnapshot. The name is looked up before the source: a snapshot outlives what it was cut from. */
export async function createSnapshot(
  context: StoreContext,
  request: CreateSnapshotRequest,
  signal: AbortSignal,
): Promise<SnapshotRecord> {
  const hash = hashName(context.clusterId, request.name);
  const job = {
    key: `snapshots/${hash}`,
    fingerprint: request.sourceVolumeId,
    subject: `snapshot ${quote(request.name)}`,
    work: (handle: JobHandle) => ensureSnapshot(context, request, { hash, handle }),
  };
  return await context.jobs.run(job, signal);
}

interface Making {
  readonly hash: string;
  readonly handle: JobHandle;
}

async function ensureSnapshot(
  context: StoreContext,
  request: CreateSnapshotRequest,
  { hash, handle }: Making,
): Promise<SnapshotRecord> {
  await context.presence.check();
  const existing = await context.snapshots.find(hash);
  if (existing !== undefined) return checkSameSource(existing, request);
  await checkNotMadeElsewhere(context, { kind: 'snapshot', hash, name: request.name });
  const source = await getSource(context, { kind: 'volume', id: request.sourceVolumeId });
  using _pin = context.pins.hold(source.id);
  const layout = context.layouts[source.kept.layout];
  const { usedBytes } = await layout.measure(source, handle.signal);
  using _room = await context.room.reserve(usedBytes, `snapshot ${quote(request.name)}`, handle.signal);
  const snapshot = await buildSnapshot(context, request, { hash, handle, source });
  context.snapshots.put(hash, snapshot);
  return checkSameSource(snapshot, request);
}

async function buildSnapshot(
  context: StoreContext,
  request: CreateSnapshotRequest,
  making: Making & { readonly source: SourceContent },
): Promise<SnapshotRecord> {
  const { hash, handle, source } = making;
  await using staged = await context.staging.open('snapshot', hash);
  await context.onStep('staged');
  const createdAt = new Date(context.clock.now()).toISOString();
  const layout = context.layouts[source.kept.layout];
  const cut = await copyFrom(context, source, () => layout.cut(staged.directory, source, handle));
  await context.onStep('content-made');
  const family = findSharedFamily(context, source);
  const record: SnapshotRecord = {
    formatVersion: RECORD_FORMAT,
    id: formatObjectId(createObjectId('snapshot', context, request.name)),
    name: request.name,
    sourceVolumeId: source.id,
    ...(family === undefined ? {} : { family }),
    sizeBytes: Math.max(source.capacityBytes, cut.sizeBytes ?? 0),
    heldBytes: cut.heldBytes,
    kept: cut.kept,
    consistency: cut.consistency,
    nonce: staged.nonce,
    createdAt,
  };
  const draft = { kind: 'snapshot', hash, staged, record } as const;
  return await commitDraft(context, draft, () => readSnapshotRecord(context, hash));
}

function checkSameSource(snapshot: SnapshotRecord, request: CreateSnapshotRequest): SnapshotRecord {
  if (snapshot.sourceVolumeId === request.sourceVolumeId) return snapshot;
  throw new DriverError(
    'SNAPSHOT_INCOMPATIBLE',
    `A snapshot named ${quote(request.name)} exists (${snapshot.id}), but it is of volume ${snapshot.sourceVolumeId}. Use another name.`,
  );
}
