import { toNfsSource } from '../../../config/nfs-source.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { Verb, Verbs } from '../../../rpc/message-peer.ts';
import type { NfsPool } from '../config.ts';

/** What answers of a server mean. Others of the system are told by their name. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'does not let this node in: look at its exports (exportfs -v there)',
  EPERM: 'does not let this node do that: look at its exports (exportfs -v there)',
  ESTALE: 'does not know what was mounted any more: what it exports was replaced or taken away',
  EIO: 'answers with input/output errors: look at its disk (dmesg there)',
  EROFS: 'offers it read-only: look at its exports and its disk',
  ETIMEDOUT: 'does not answer in time: see whether it runs, and whether this node reaches it',
};

/** Gives an error that a server caused a sentence. What has one, what was aborted, and what has nothing to do with the system passes unchanged. */
export function toServerError(error: unknown, pool: NfsPool): unknown {
  if (error instanceof DriverError || !(error instanceof Error)) return error;
  if (!('code' in error) || typeof error.code !== 'string' || !/^E[A-Z0-9]+$/.test(error.code)) return error;
  const { code } = error;
  const place =
    pool.type === 'nfs' ? `The server of ${toNfsSource(pool)}` : `The file system at ${pool.path}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DriverError(
      'NO_ROOM',
      `${place} (pool ${pool.name}) is full: remove volumes or snapshots, or enlarge it.`,
      {
        cause: error,
      },
    );
  }
  const meaning = MEANINGS[code] ?? `says ${code}: its log, and that of this node (dmesg), may tell more`;
  return new DriverError('POOL_UNAVAILABLE', `${place} (pool ${pool.name}) ${meaning}.`, { cause: error });
}

/** Verbs whose errors have sentences. */
export function withServerErrors<V extends Verbs>(verbs: V, pool: NfsPool): V {
  const wrapped = Object.entries(verbs).map(([name, verb]) => {
    const work: Verb = async (argument, signal) => {
      try {
        return await verb(argument, signal);
      } catch (error) {
        throw toServerError(error, pool);
      }
    };
    return [name, work] as const;
  });
  return Object.fromEntries(wrapped) as unknown as V;
}
