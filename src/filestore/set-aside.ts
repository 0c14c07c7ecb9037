import { join } from 'node:path';
import { ensureDirectoryDurable, fsyncDirectory } from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import { RECORD_FILES } from './paths.ts';
import { readRecordFile } from './record-file.ts';
import { VolumeRecord } from './records.ts';
import type { StoreContext } from './store-context.ts';

/**
 * Takes a volume out of the pool and keeps all of it for people: its record, its content and its quota. One rename, durable once the directory that it left is
 * synced, too, which is the caller's part. Gone already is fine. Where other nodes work on the pool, another volume may have the name by now: that one is put back.
 */
export async function setAside(
  { paths, files, clock, logger }: Pick<StoreContext, 'paths' | 'files' | 'clock' | 'logger'>,
  volume: VolumeRecord,
  how: NonNullable<VolumeRecord['onDelete']>,
): Promise<void> {
  const id = parseObjectId(volume.id);
  if (id === undefined) throw new DriverError('INTERNAL', `A record has the impossible id "${volume.id}".`);
  const directory = paths.setAside[how];
  const kept = join(
    directory,
    how === 'retain' ? volume.id : toArchiveName(volume, id.generation, clock.now()),
  );
  const place = paths.objectDirectory('volume', id.hash);
  await ensureDirectoryDurable(directory);
  try {
    await files.rename(place, kept);
  } catch (error) {
    // Only the answer may have been lost.
    if ((await findRecordAt(kept)) === undefined) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
  }
  const found = await findRecordAt(kept);
  if (found !== undefined && found.id !== volume.id) return await putBack(files, kept, place);
  await fsyncDirectory(directory);
  logger.info('A deleted volume is kept, since its class says so', { volumeId: volume.id, path: kept });
}

/** Puts what was set aside wrongly back to its place. Gone already is fine: others look after it, too. Throws while something else is there. */
export async function putBack(
  files: Pick<StoreContext['files'], 'rename'>,
  kept: string,
  place: string,
): Promise<void> {
  try {
    await files.rename(kept, place);
  } catch (error) {
    if ((await findRecordAt(kept)) !== undefined) throw error;
  }
}

/** The record of what lies in a directory; undefined when it has none, or there is no directory. Throws as readRecordFile does. */
export async function findRecordAt(directory: string): Promise<VolumeRecord | undefined> {
  const path = join(directory, RECORD_FILES.volume);
  return await readRecordFile({ path, schema: VolumeRecord, subject: `the volume at ${directory}` });
}

/** What a name says of the volume that was to be set aside under it; the hash only where it is the whole id. Undefined for names that people gave. */
export function parseSetAsideName(
  how: NonNullable<VolumeRecord['onDelete']>,
  name: string,
): { readonly generation: string; readonly hash?: string } | undefined {
  if (how === 'retain') return parseObjectId(name);
  const generation = ARCHIVED.exec(name)?.[1];
  return generation === undefined ? undefined : { generation };
}

/** As {@link toArchiveName} writes it. */
const ARCHIVED = /\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.([a-z2-7]{8})$/;
/** Room for the time and the generation in a name of 255 bytes. */
const WHOSE_BYTES = 220;

/** `default.website.2026-11-24T10-15-00Z.qzm3hkea`: whose it was and when it was deleted; the end is the generation of its id. */
function toArchiveName({ claim, name }: VolumeRecord, generation: string, now: number): string {
  const whose = claim === undefined ? name : `${claim.namespace}.${claim.name}`;
  const when = new Date(now)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  return `${toNamePart(whose)}.${when}.${generation}`;
}

/** What may stand in the name of a file, and can be read by people. */
function toNamePart(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '_').slice(0, WHOSE_BYTES);
}
