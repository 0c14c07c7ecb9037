import { quote } from '../../../base/quote.ts';
import type { Page, PageRequest, Volume } from '../../../domain/volume.ts';
import type { ExpansionFacet, VolumeOptions } from '../../backend.ts';
import { bounded } from '../bounded.ts';
import { findStoreOfObject, listOpenStores } from '../stores.ts';
import type { FileControllerContext } from './context.ts';
import { buryIfReleased, checkPoolUnknown } from './deletion.ts';
import { getVolume, volumeNotFound } from './lookup.ts';
import { listPage } from './paging.ts';
import { toVolume } from './to-domain.ts';

/** What can be done with volumes that exist, the same for every backend over file stores. */
export interface FileVolumes {
  deleteVolume(options: VolumeOptions, signal: AbortSignal): Promise<void>;
  getVolume(options: VolumeOptions, signal: AbortSignal): Promise<Volume>;
  listVolumes(options: PageRequest, signal: AbortSignal): Promise<Page<Volume>>;
}

/** The volumes of all pools; contracts as in backend.ts. */
export function createFileVolumes(context: FileControllerContext): FileVolumes {
  const { stores, logger } = context;
  return {
    async deleteVolume({ volumeId }, signal) {
      await bounded(`Deleting volume ${quote(volumeId)}`, signal, async (own) => {
        const object = { kind: 'volume', id: volumeId } as const;
        if (await buryIfReleased(context, object, own)) return;
        const open = findStoreOfObject(stores, object);
        if (open === undefined) {
          await checkPoolUnknown(context, object, own);
          logger.debug('A volume to be deleted is unknown; nothing to do', { volumeId });
          return;
        }
        await open.store.deleteVolume({ id: volumeId }, own);
      });
    },

    async getVolume({ volumeId }, signal) {
      return await bounded(`Looking up volume ${quote(volumeId)}`, signal, async (own) => {
        const { record, entry } = await getVolume(stores, volumeId, own);
        return toVolume(record, entry, context);
      });
    },

    async listVolumes(options, signal) {
      return await bounded('Listing the volumes', signal, async (own) => {
        const page = await listPage(options, {
          kind: 'volume',
          stores: listOpenStores(stores),
          listOne: async ({ store }, request) => await store.listVolumes(request, own),
        });
        return {
          entries: page.entries.map(({ record, open }) => toVolume(record, open.entry, context)),
          nextToken: page.nextToken,
        };
      });
    },
  };
}

/** Growing the volumes of all pools; contract as in backend.ts. A directory is grown by its quota alone, an image on its node, too. */
export function createFileExpansion({ stores }: Pick<FileControllerContext, 'stores'>): ExpansionFacet {
  return {
    async expandVolume({ volumeId, range }, signal) {
      return await bounded(`Growing volume ${quote(volumeId)}`, signal, async (own) => {
        const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
        if (open === undefined) throw volumeNotFound(volumeId);
        const record = await open.store.expandVolume({ id: volumeId, range }, own);
        return {
          capacityBytes: record.capacityBytes,
          nodeExpansionRequired: record.kept.layout === 'image',
        };
      });
    },
  };
}
