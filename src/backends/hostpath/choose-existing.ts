import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import type { Located } from '../file/controller/lookup.ts';
import { describePool } from '../file/stores.ts';
import { isAllowed, rankPlaces } from './placement.ts';

/** The volumes of one name, and what is asked for now. */
export interface Candidates {
  /** At least one. */
  readonly found: readonly Located<VolumeRecord>[];
  /** The places of the pool that is asked for. */
  readonly places: readonly StoreEntry[];
  readonly options: CreateVolumeOptions;
}

/**
 * Of the volumes of this name the one that is in the pool and at a place that are asked for now. There are several only when a place that
 * was full, or away and given up, took part again in between: then every call and every controller takes the same one, by the order of places, and
 * the others are named in the log. None is removed: nobody can tell here which one was handed out. Throws VOLUME_INCOMPATIBLE when none is where it is asked for.
 */
export function chooseExisting(
  { logger }: Pick<FileControllerContext, 'logger'>,
  { found, places, options }: Candidates,
): Located<VolumeRecord> {
  const { name, topology } = options;
  const poolName = places[0]?.poolName;
  const ids = new Set<string>();
  const fitting = found.filter(({ record, entry }) => {
    if (entry.poolName !== poolName || !isAllowed(entry.nodeName, topology?.requisite ?? [])) return false;
    return !ids.has(record.id) && ids.add(record.id);
  });
  const [first] = found;
  const [only] = fitting;
  if (first !== undefined && only === undefined) throw incompatible(first, poolName, options);
  const order = rankPlaces(
    fitting.map(({ entry }) => entry),
    options,
  );
  const chosen = fitting.find(({ entry }) => entry === order[0]) ?? only;
  if (chosen === undefined) throw new DriverError('INTERNAL', `No volume named ${quote(name)} is left.`);
  if (fitting.length > 1) {
    logger.warn('There are several volumes of one name; delete those that no PersistentVolume names', {
      name,
      volumeId: chosen.record.id,
      others: fitting.filter((each) => each !== chosen).map(({ record }) => record.id),
    });
  }
  return chosen;
}

function incompatible(
  { record, entry }: Located<VolumeRecord>,
  poolName: string | undefined,
  { name }: CreateVolumeOptions,
): DriverError {
  const pool = entry.poolName === poolName ? '' : ` (pool ${poolName ?? ''})`;
  return new DriverError(
    'VOLUME_INCOMPATIBLE',
    `A volume named ${quote(name)} exists already (${record.id}) in ${describePool(entry)}, which is not where it is asked for now${pool}. Choose another name or delete it first.`,
  );
}
