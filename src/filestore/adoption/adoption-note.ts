import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ensureDirectoryDurable, fsyncDirectory } from '../../base/durable-files.ts';
import { isErrno } from '../../base/errno.ts';
import { CONTENT_NAMES, RECORD_FILES, type StorePaths } from '../paths.ts';
import { readRecordFile, writeNewRecordFile } from '../record-file.ts';
import { RECORD_FORMAT } from '../records.ts';

const NOTE_FILE = 'adoption.json';

/** adoption.json: where what is being taken over came from. Written before it is moved, removed when the volume is there. */
const AdoptionNote = z
  .strictObject({
    formatVersion: z.literal(RECORD_FORMAT),
    /** The name that the volume gets. */
    name: z.string(),
    /** Below the root of the pool. */
    directory: z.string(),
  })
  .readonly();
export type AdoptionNote = z.infer<typeof AdoptionNote>;

/** One thing that is being taken over: `adoption.json` beside `volume/`, which becomes the volume's directory. */
export interface AdoptionPlace {
  readonly root: string;
  readonly note: string;
  /** What gets the volume's name in the end. */
  readonly object: string;
  readonly content: string;
  readonly record: string;
}

/** Where the adoption of the volume with this hash is. */
export function toAdoptionPlace(paths: StorePaths, hash: string): AdoptionPlace {
  const root = join(paths.adoptions, hash);
  const object = join(root, 'volume');
  return {
    root,
    note: join(root, NOTE_FILE),
    object,
    content: join(object, CONTENT_NAMES.directory),
    record: join(object, RECORD_FILES.volume),
  };
}

/** What an adoption that has begun says. Throws POOL_UNAVAILABLE when it cannot be read. */
export async function findNote(place: AdoptionPlace): Promise<AdoptionNote | undefined> {
  return await readRecordFile({
    path: place.note,
    schema: AdoptionNote,
    subject: 'what is being taken over',
  });
}

/** All adoptions that were begun and not finished. */
export async function listNotes(paths: StorePaths): Promise<readonly AdoptionNote[]> {
  const hashes = await readdir(paths.adoptions).catch((error: unknown): string[] => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const notes = await Promise.all(hashes.map(async (hash) => await findNote(toAdoptionPlace(paths, hash))));
  return notes.filter((note) => note !== undefined);
}

/** Notes what is going to be moved, so that it is on disk before that. */
export async function writeNote(
  place: AdoptionPlace,
  note: Omit<AdoptionNote, 'formatVersion'>,
): Promise<void> {
  await ensureDirectoryDurable(place.root);
  await mkdir(place.object, { recursive: true, mode: 0o700 });
  // What a power cut tore says nothing, and nothing was moved then.
  await rm(place.note, { force: true });
  await writeNewRecordFile(place.note, { formatVersion: RECORD_FORMAT, ...note });
  await fsyncDirectory(place.root);
}

/** Removes what is left of an adoption when its content is somewhere else; throws ENOTEMPTY rather than remove any content. */
export async function removeNote(place: AdoptionPlace): Promise<void> {
  await rm(place.record, { force: true });
  await removeEmpty(place.object);
  await rm(place.note, { force: true });
  await removeEmpty(place.root);
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
