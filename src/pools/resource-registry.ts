import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { ApiClient } from '../k8s/client.ts';
import { POOLS, TOMBSTONES } from '../k8s/kinds.ts';
import { ApiResource, ObjectMeta } from '../k8s/resource.ts';
import { createRegistry } from './create-registry.ts';
import {
  fromPoolResource,
  fromTombstoneResource,
  PoolSpec,
  PoolStatus,
  TombstoneSpec,
  toPoolResource,
  toTombstoneSpec,
} from './pool-resource.ts';
import type { BuryRequest, PoolInstance, PoolRegistry, Tombstone } from './registry.ts';
import type { KeptInstance, RegistryHome } from './registry-home.ts';

/** Lets the tombstones of one pool be listed. */
const POOL_LABEL = 'stowage.dev/pool-id';

const PoolResource = z.object({ metadata: ObjectMeta, spec: PoolSpec, status: PoolStatus });
type PoolResource = z.infer<typeof PoolResource>;
const TombstoneResource = z.object({ metadata: ObjectMeta, spec: TombstoneSpec });
type TombstoneResource = z.infer<typeof TombstoneResource>;

export interface ResourceRegistryOptions {
  readonly client: ApiClient;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The registry as custom resources: a `Pool` for each instance, named by its id, which is replaced only at the version that was read; and a
 * `Tombstone` for each object that was deleted from a released pool, named by the object's id, so that no number of them fills one object.
 */
export function createResourceRegistry({ client, clock }: ResourceRegistryOptions): PoolRegistry {
  const pools = new ApiResource(client, POOLS, { schema: PoolResource });
  const tombstones = new ApiResource(client, TOMBSTONES, { schema: TombstoneResource });
  return createRegistry(new ResourceHome(pools, tombstones), clock);
}

class ResourceHome implements RegistryHome {
  readonly #pools: ApiResource<PoolResource>;
  readonly #tombstones: ApiResource<TombstoneResource>;

  constructor(pools: ApiResource<PoolResource>, tombstones: ApiResource<TombstoneResource>) {
    this.#pools = pools;
    this.#tombstones = tombstones;
  }

  /** Only writes themselves tell: the API says what is missing when it refuses one. */
  async check(): Promise<void> {
    await Promise.resolve();
  }

  async list(signal: AbortSignal): Promise<readonly KeptInstance[]> {
    const { items } = await ask(this.#pools.list({}, signal), signal);
    return items.map(toKept);
  }

  async find(poolId: string, signal: AbortSignal): Promise<KeptInstance | undefined> {
    const found = await ask(this.#pools.find(poolId, signal), signal);
    return found === undefined ? undefined : toKept(found);
  }

  async create(instance: PoolInstance, signal: AbortSignal): Promise<boolean> {
    const draft = { metadata: { name: instance.poolId }, ...toPoolResource(instance) };
    return (await ask(this.#pools.create(draft, signal), signal)) !== undefined;
  }

  async replace(before: KeptInstance, next: PoolInstance, signal: AbortSignal): Promise<boolean> {
    // Only what is ours: labels and whatever else others have put on the object stay.
    const patch = { metadata: { resourceVersion: before.version }, ...withNulls(toPoolResource(next)) };
    return (await ask(this.#pools.mergePatch(next.poolId, patch, signal), signal)) !== undefined;
  }

  async addTombstone(tombstone: Tombstone, signal: AbortSignal): Promise<void> {
    const { objectId, poolId } = tombstone;
    const metadata = { name: objectId, labels: { [POOL_LABEL]: poolId } };
    // One that exists already says the same.
    await ask(this.#tombstones.create({ metadata, spec: toTombstoneSpec(tombstone) }, signal), signal);
  }

  async listTombstones(poolId: string | undefined, signal: AbortSignal): Promise<readonly Tombstone[]> {
    const selector = poolId === undefined ? {} : { labelSelector: `${POOL_LABEL}=${poolId}` };
    const { items } = await ask(this.#tombstones.list(selector, signal), signal);
    return items
      .map(({ metadata, spec }) => fromTombstoneResource(metadata.name, spec))
      .filter((tombstone) => parseObjectId(tombstone.objectId)?.poolId === tombstone.poolId);
  }

  async removeTombstone({ objectId }: BuryRequest, signal: AbortSignal): Promise<void> {
    await ask(this.#tombstones.delete(objectId, {}, signal), signal);
  }
}

function toKept({ metadata, spec, status }: PoolResource): KeptInstance {
  return { instance: fromPoolResource(metadata.name, spec, status), version: metadata.resourceVersion };
}

/** In a merge patch (RFC 7396) only null takes away what was there. */
function withNulls(resource: ReturnType<typeof toPoolResource>): Readonly<Record<string, unknown>> {
  const { spec, status } = resource;
  const { onNodeLoss } = spec;
  return {
    spec: {
      ...spec,
      onNodeLoss: { ...onNodeLoss, releaseAfterSeconds: onNodeLoss.releaseAfterSeconds ?? null },
    },
    status: {
      ...status,
      size: status.size ?? null,
      free: status.free ?? null,
      available: status.available ?? null,
      room: status.room ?? null,
      release: status.release ?? null,
    },
  };
}

/** Whatever the API refuses or fails with, to the callers of the registry it is the same: they know nothing. */
async function ask<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : 'it cannot be reached.';
    throw new DriverError('POOL_UNAVAILABLE', `The registry of pools cannot be used: ${reason}`, {
      cause: error,
    });
  }
}
