import { mapParallel } from '../../../base/parallel.ts';
import { quote } from '../../../base/quote.ts';
import { isDriverError } from '../../../domain/errors.ts';
import type { VolumeHealthStatus } from '../../../domain/health.ts';
import type { FileStore } from '../../../filestore/file-store.ts';
import type { ControllerHealthFacet } from '../../backend.ts';
import { bounded } from '../bounded.ts';
import { findStoreOfObject, listOpenStores, STORES_AT_ONCE } from '../stores.ts';
import type { FileControllerContext } from './context.ts';
import { volumeNotFound } from './lookup.ts';
import { listPage } from './paging.ts';

/** What the stores know of their volumes' health; contracts as in backend.ts. */
export function createFileHealth({ stores }: FileControllerContext): ControllerHealthFacet {
  return {
    async getVolumeHealth({ volumeId }, signal) {
      return await bounded(`Examining volume ${quote(volumeId)}`, signal, async (own) => {
        const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
        if (open === undefined) throw volumeNotFound(volumeId);
        return { volumeId, statuses: await open.store.getVolumeHealth({ id: volumeId }, own) };
      });
    },

    async listVolumeHealth(options, signal) {
      return await bounded('Examining the volumes', signal, async (own) => {
        const page = await listPage(options, {
          kind: 'volume',
          stores: listOpenStores(stores),
          listOne: async ({ store }, request) => await store.listVolumes(request, own),
        });
        const entries = await mapParallel(page.entries, STORES_AT_ONCE, async ({ record, open }) => {
          const statuses = await findStatuses(open.store, record.id, own);
          return statuses === undefined ? undefined : { volumeId: record.id, statuses };
        });
        return { entries: entries.filter((entry) => entry !== undefined), nextToken: page.nextToken };
      });
    },
  };
}

/** Undefined for a volume that was deleted after it was listed. */
async function findStatuses(
  store: FileStore,
  id: string,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[] | undefined> {
  try {
    return await store.getVolumeHealth({ id }, signal);
  } catch (error) {
    if (isDriverError(error, 'VOLUME_NOT_FOUND')) return undefined;
    throw error;
  }
}
