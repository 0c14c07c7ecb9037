import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../base/errno.ts';
import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { AdoptVolumeRequest } from '../file-store.ts';
import type { StorePaths } from '../paths.ts';
import type { VolumeRecord } from '../records.ts';
import { type AdoptionPlace, findNote } from './adoption-note.ts';

/** Where what is to be taken over is now. */
export interface AdoptionSource {
  readonly path: string;
  /** An earlier call has moved it. */
  readonly isMoved: boolean;
}

interface Asked {
  readonly request: Pick<AdoptVolumeRequest, 'name' | 'directory'>;
  readonly place: AdoptionPlace;
}

/** Finds it; whether there is anything at its home is for others to see. Throws PRECONDITION_FAILED when something else has been moved in its place. */
export async function findAdoptionSource(
  paths: StorePaths,
  { request, place }: Asked,
): Promise<AdoptionSource> {
  const path = join(paths.root, request.directory);
  if (!(await isThere(place.content))) return { path, isMoved: false };
  const note = await findNote(place);
  if (note?.directory === request.directory && !(await isThere(path))) {
    return { path: place.content, isMoved: true };
  }
  throw new DriverError(
    'PRECONDITION_FAILED',
    `What was at ${note?.directory ?? 'a place that is not known any more'} is being taken over as volume ${quote(request.name)}, and lies at ${place.content}. Finish that first, with nothing else at its place, or move it back by hand.`,
  );
}

/** Throws VOLUME_INCOMPATIBLE unless the volume that has the name can only be what was asked for, taken over already. */
export async function checkTakenOver(
  paths: StorePaths,
  { request, place }: Asked,
  existing: VolumeRecord,
): Promise<void> {
  for (const path of [place.content, join(paths.root, request.directory)]) {
    if (!(await isThere(path))) continue;
    throw new DriverError(
      'VOLUME_INCOMPATIBLE',
      `A volume named ${quote(request.name)} exists (${existing.id}), and it is not what is at ${path}. Delete the one, or give the other another name.`,
    );
  }
}

/** Whether anything is at a path, a dangling symbolic link, too. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
