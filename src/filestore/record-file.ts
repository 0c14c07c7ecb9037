import { open } from 'node:fs/promises';
import * as z from 'zod';
import { DriverError } from '../domain/errors.ts';
import { isErrno } from '../base/errno.ts';
import { readTextFile } from '../base/durable-files.ts';
import { RECORD_FORMAT } from './records.ts';

/** Far more than any record needs; a larger file is not one of ours. */
const MAX_RECORD_BYTES = 64 * 1024;

const AnyFormat = z.looseObject({ formatVersion: z.number() });

/** Which record is read, and how errors call it. */
export interface RecordSource<R> {
  readonly path: string;
  readonly schema: z.ZodType<R>;
  /** `volume <hash>`, `pool ssd`: begins a sentence about what cannot be read. */
  readonly subject: string;
}

/**
 * Reads one record. Undefined only when the file is not there; what is there but cannot be read, is too large, of a newer
 * format or not as the schema says is POOL_UNAVAILABLE about that object: unknown is not absent.
 */
export async function readRecordFile<R>(source: RecordSource<R>): Promise<R | undefined> {
  let text: string;
  try {
    text = await readTextFile(source.path, { maximumBytes: MAX_RECORD_BYTES });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw unreadable(source, error instanceof Error ? error.message : 'it cannot be read', error);
  }
  return parseRecord(source, text);
}

/** Writes a record where nobody else writes: into a directory that is still being built, or under a name of its own. On disk when this returns. */
export async function writeNewRecordFile(path: string, record: unknown): Promise<void> {
  // Not exclusively: a network file system that repeats the call would find its own file.
  await using file = await open(path, 'w', 0o600);
  await file.writeFile(formatRecord(record));
  await file.sync();
}

/** A record as it stands in its file: for people, too. */
export function formatRecord(record: unknown): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

function parseRecord<R>(source: RecordSource<R>, text: string): R {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable(source, 'it is not JSON', error);
  }
  const format = AnyFormat.safeParse(json);
  if (format.success && format.data.formatVersion > RECORD_FORMAT) {
    const reason = `it has format ${format.data.formatVersion}, and this version reads up to ${RECORD_FORMAT}: use the newer version that wrote it`;
    throw unreadable(source, reason, undefined);
  }
  const parsed = source.schema.safeParse(json);
  if (!parsed.success) throw unreadable(source, z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

function unreadable(source: { path: string; subject: string }, reason: string, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The record of ${source.subject} (${source.path}) cannot be read: ${reason}. Repair the file, or move its directory out of the pool.`,
    { cause },
  );
}
