import type { ContentSource } from '../domain/volume.ts';
import { openIncoming } from './content/incoming.ts';
import type { ContentOrigin } from './content/content.ts';
import type { CreateVolumeRequest } from './file-store.ts';
import type { JobHandle } from './jobs.ts';
import type { LayoutKind, NewContent } from './layouts/layout.ts';
import { copyFrom, findSharedFamily, getSource } from './objects.ts';
import type { PlannedSource } from './plan-volume.ts';
import type { Kept } from './records.ts';
import type { StoreContext } from './store-context.ts';

/** How a new volume gets its content. Disposing it lets go of the source. */
export interface Filling extends AsyncDisposable {
  /** What is known of the source; undefined for an empty volume. */
  readonly source: PlannedSource | undefined;
  /** Makes the content in a staged directory. */
  fill(layout: LayoutKind, target: NewContent): Promise<Kept>;
  /** What may share blocks with it is of the same; undefined when nothing may. */
  findFamily(): string | undefined;
}

/** Decides where the content comes from: nowhere, this store, or another one. Throws VOLUME_NOT_FOUND, SNAPSHOT_NOT_FOUND, and what the way to another store throws. */
export async function openFilling(
  context: StoreContext,
  request: CreateVolumeRequest,
  origins: { readonly origin: () => ContentOrigin | undefined; readonly job: JobHandle },
): Promise<Filling> {
  const { source } = request;
  const { job } = origins;
  if (source === undefined) return fillWithNothing(job);
  const origin = origins.origin();
  if (origin === undefined || origin.poolId === context.poolId)
    return await fillFromHere(context, source, job);
  return await fillFromOther(context, { name: request.name, source, job }, () => origins.origin() ?? origin);
}

function fillWithNothing(job: JobHandle): Filling {
  return {
    source: undefined,
    fill: async (layout, target) => await layout.createEmpty(target, job.signal),
    findFamily: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function fillFromHere(context: StoreContext, asked: ContentSource, job: JobHandle): Promise<Filling> {
  const source = await getSource(context, asked);
  const pin = context.pins.hold(source.id);
  return {
    source,
    fill: async (layout, target) => await copyFrom(context, source, () => layout.copy(target, source, job)),
    findFamily: () => findSharedFamily(context, source),
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      pin[Symbol.dispose]();
    },
  };
}

async function fillFromOther(
  context: StoreContext,
  asked: { readonly name: string; readonly source: ContentSource; readonly job: JobHandle },
  origin: () => ContentOrigin,
): Promise<Filling> {
  const { contents: sources, clock, logger, nodeName, poolId } = context;
  const { name, source, job } = asked;
  const request = { source, target: { nodeName, poolId, volumeName: name } };
  const incoming = await openIncoming({ request, origin, sources, job, clock, logger });
  const { facts, pieces } = incoming;
  return {
    source: { ...source, kept: facts.kept, capacityBytes: facts.capacityBytes, isElsewhere: true },
    fill: async (layout, target) => {
      const { kept, usedBytes } = facts;
      return await layout.receive(target, { kept, usedBytes, pieces }, job.signal);
    },
    findFamily: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(incoming[Symbol.asyncDispose]()),
  };
}
