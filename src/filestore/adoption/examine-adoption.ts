import { join } from 'node:path';
import { hashName } from '../../base/ids.ts';
import type { Host } from '../../host/host.ts';
import { assertAdoptable } from '../../host/quotas/index.ts';
import type { AdoptVolumeRequest } from '../file-store.ts';
import { RECORD_FILES, type StorePaths } from '../paths.ts';
import { readRecordFile } from '../record-file.ts';
import { VolumeRecord } from '../records.ts';
import { openAdoptable } from './adoptable.ts';
import { toAdoptionPlace } from './adoption-note.ts';
import { checkTakenOver, findAdoptionSource } from './adoption-source.ts';

/** What an adoption would find: nothing in its way, itself cut short, or itself done. */
export type AdoptionFacts =
  | { readonly state: 'possible'; readonly usedBytes: number }
  | { readonly state: 'begun' }
  | { readonly state: 'done'; readonly record: VolumeRecord };

/** Says what {@link AdoptVolumeRequest} would come to, by looking alone: nothing in the pool changes, and it need not be open. Throws what adoptVolume throws. */
export async function examineAdoption(
  pool: { readonly paths: StorePaths; readonly clusterId: string; readonly host: Host },
  request: AdoptVolumeRequest,
  signal: AbortSignal,
): Promise<AdoptionFacts> {
  const { paths, clusterId, host } = pool;
  const hash = hashName(clusterId, request.name);
  const place = toAdoptionPlace(paths, hash);
  const record = await readRecordFile({
    path: join(paths.objectDirectory('volume', hash), RECORD_FILES.volume),
    schema: VolumeRecord,
    subject: `volume ${request.name}`,
  });
  if (record !== undefined) {
    await checkTakenOver(paths, { request, place }, record);
    return { state: 'done', record };
  }
  if ((await findAdoptionSource(paths, { request, place })).isMoved) return { state: 'begun' };
  await using adoptable = await openAdoptable({ paths, mounts: host.mounts }, request.directory, signal);
  const { usedBytes } = await host.trees.measure(adoptable.path, signal);
  if (request.quota === 'required') assertAdoptable(request.directory, usedBytes, request.capacityBytes);
  return { state: 'possible', usedBytes };
}
