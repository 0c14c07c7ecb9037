import { quote } from '../base/quote.ts';
import { hashName } from '../base/ids.ts';
import { isDriverError } from '../domain/errors.ts';
import { createObjectId, formatObjectId } from '../domain/ids.ts';
import { ensureClaim, linkClaim } from './claims.ts';
import { checkCompatible } from './compatibility.ts';
import type { ContentOrigin } from './content/content.ts';
import type { CreateVolumeRequest } from './file-store.ts';
import { type Filling, openFilling } from './fill-volume.ts';
import type { JobHandle } from './jobs.ts';
import { checkNotMadeElsewhere, commitDraft, readVolumeRecord } from './objects.ts';
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
  // A ticket is made anew for every call: it says nothing of what is asked.
  const { origin, ...asked } = request;
  const fingerprint = JSON.stringify(asked);
  if (origin !== undefined) context.origins.set(fingerprint, origin);
  const job = {
    key: `volumes/${hash}`,
    fingerprint,
    subject: `volume ${quote(request.name)}`,
    work: async (handle: JobHandle) => {
      const findOrigin = (): ContentOrigin | undefined => context.origins.get(fingerprint);
      try {
        return await ensureVolume(context, asked, { hash, handle, findOrigin });
      } finally {
        context.origins.delete(fingerprint);
      }
    },
  };
  try {
    return await context.jobs.run(job, signal);
  } catch (error) {
    if (!isDriverError(error, 'OPERATION_PENDING')) context.origins.delete(fingerprint);
    throw error;
  }
}

interface Making {
  readonly hash: string;
  readonly handle: JobHandle;
  /** Where the source is, as the last of the callers said. */
  readonly findOrigin: () => ContentOrigin | undefined;
}

async function ensureVolume(
  context: StoreContext,
  request: CreateVolumeRequest,
  making: Making,
): Promise<VolumeRecord> {
  const { hash, handle, findOrigin } = making;
  await context.presence.check();
  const existing = await context.volumes.find(hash);
  if (existing !== undefined) {
    checkCompatible(existing, request);
    await ensureClaim(context, existing, hash);
    return existing;
  }
  if (request.source !== undefined)
    await checkNotMadeElsewhere(context, { kind: 'volume', hash, name: request.name });
  await using filling = await openFilling(context, request, { origin: findOrigin, job: handle });
  const plan = planVolume(request, filling.source, {
    poolName: context.pool.name,
    abilities: context.abilities,
    filesystems: context.filesystems,
  });
  using _room = await context.room.reserve(
    plan.capacityBytes,
    `volume ${quote(request.name)}`,
    handle.signal,
  );
  const volume = await buildVolume(context, request, { hash, plan, filling });
  checkCompatible(volume, request);
  // In one turn with the end of the reservation, so that the room is never counted twice, nor not at all.
  context.volumes.put(hash, volume);
  return volume;
}

async function buildVolume(
  context: StoreContext,
  request: CreateVolumeRequest,
  { hash, plan, filling }: { readonly hash: string; readonly plan: VolumePlan; readonly filling: Filling },
): Promise<VolumeRecord> {
  await using staged = await context.staging.open('volume', hash);
  await context.onStep('staged');
  const kept = await filling.fill(context.layouts[plan.layout], { directory: staged.directory, plan });
  await context.onStep('content-made');
  const family = filling.findFamily();
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
    ...(request.onDelete === undefined || request.onDelete === 'delete'
      ? {}
      : { onDelete: request.onDelete }),
    ...(request.claim === undefined ? {} : { claim: request.claim }),
    nonce: made.staged.nonce,
    createdAt: new Date(context.clock.now()).toISOString(),
  };
}
