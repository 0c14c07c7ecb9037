import { quote } from '../base/quote.ts';
import { hashName } from '../base/ids.ts';
import { createObjectId, formatObjectId } from '../domain/ids.ts';
import { ensureClaim, linkClaim } from './claims.ts';
import { checkCompatible } from './compatibility.ts';
import type { CreateVolumeRequest } from './file-store.ts';
import type { JobHandle } from './jobs.ts';
import type { SourceContent } from './layouts/layout.ts';
import { commitDraft, findSharedFamily, getSource, readVolumeRecord } from './objects.ts';
import { planVolume, type VolumePlan } from './plan-volume.ts';
import { type Kept, RECORD_FORMAT, type VolumeRecord } from './records.ts';
import type { StagedObject } from './staging.ts';
import type { StoreContext } from './store-context.ts';

/** See FileStore.createVolume. */
export async function createVolume(
  context: StoreContext,
  request: CreateVolumeRequest,
  signal: AbortSignal,
): Promise<VolumeRecord> {
  const hash = hashName(context.clusterId, request.name);
  const job = {
    key: `volumes/${hash}`,
    fingerprint: JSON.stringify(request),
    subject: `volume ${quote(request.name)}`,
    work: (handle: JobHandle) => ensureVolume(context, request, { hash, handle }),
  };
  return await context.jobs.run(job, signal);
}

interface Making {
  readonly hash: string;
  readonly handle: JobHandle;
}

async function ensureVolume(
  context: StoreContext,
  request: CreateVolumeRequest,
  { hash, handle }: Making,
): Promise<VolumeRecord> {
  await context.presence.check();
  const existing = await context.volumes.find(hash);
  if (existing !== undefined) {
    checkCompatible(existing, request);
    await ensureClaim(context, existing, hash);
    return existing;
  }
  const source = request.source === undefined ? undefined : await getSource(context, request.source);
  using _pin = source === undefined ? undefined : context.pins.hold(source.id);
  const plan = planVolume(request, source, {
    poolName: context.pool.name,
    abilities: context.abilities,
    filesystems: context.filesystems,
  });
  using _room = await context.room.reserve(
    plan.capacityBytes,
    `volume ${quote(request.name)}`,
    handle.signal,
  );
  const volume = await buildVolume(context, request, { hash, handle, plan, source });
  checkCompatible(volume, request);
  // In one turn with the end of the reservation, so that the room is never counted twice, nor not at all.
  context.volumes.put(hash, volume);
  return volume;
}

async function buildVolume(
  context: StoreContext,
  request: CreateVolumeRequest,
  making: Making & { readonly plan: VolumePlan; readonly source: SourceContent | undefined },
): Promise<VolumeRecord> {
  const { hash, handle, plan, source } = making;
  await using staged = await context.staging.open('volume');
  await context.onStep('staged');
  const layout = context.layouts[plan.layout];
  const target = { directory: staged.directory, plan };
  const kept =
    source === undefined
      ? await layout.createEmpty(target, handle.signal)
      : await layout.copy(target, source, handle);
  await context.onStep('content-made');
  const family = findSharedFamily(context, source);
  const record = toRecord(context, request, { plan, kept, family, staged });
  const draft = { kind: 'volume', hash, staged, record } as const;
  const volume = await commitDraft(context, draft, () => readVolumeRecord(context, hash));
  await linkClaim(context, volume, hash);
  return volume;
}

function toRecord(
  context: StoreContext,
  request: CreateVolumeRequest,
  made: {
    readonly plan: VolumePlan;
    readonly kept: Kept;
    readonly family: string | undefined;
    readonly staged: StagedObject;
  },
): VolumeRecord {
  const { uid, gid, mode } = request.owner;
  return {
    formatVersion: RECORD_FORMAT,
    id: formatObjectId(createObjectId('volume', context, request.name)),
    name: request.name,
    capacityBytes: made.plan.capacityBytes,
    kept: made.kept,
    asked: {
      parameters: { ...request.askedParameters },
      accessType: request.accessType,
      ...(request.fsType === undefined ? {} : { fsType: request.fsType }),
    },
    ...(request.source === undefined ? {} : { source: request.source }),
    ...(made.family === undefined ? {} : { family: made.family }),
    owner: {
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(mode === undefined ? {} : { mode }),
    },
    ...(request.claim === undefined ? {} : { claim: request.claim }),
    nonce: made.staged.nonce,
    createdAt: new Date(context.clock.now()).toISOString(),
  };
}
