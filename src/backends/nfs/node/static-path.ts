import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import { isOwnName } from '../../../filestore/paths.ts';
import type { NfsPool } from '../config.ts';

/** A directory that a PersistentVolume names, if the pool allows it. Throws INVALID_ARGUMENT for what is no clean path, PERMISSION_DENIED for what is not allowed. */
export function checkStaticPath({ name, staticPaths }: NfsPool, path: string): string {
  if (!isCleanPath(path)) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `volumeAttributes.path is ${quote(path)}: it has to begin with "/", which is the root of the export, without "..", "." and empty parts.`,
    );
  }
  const isListed = staticPaths.some(
    (allowed) => allowed === '/' || path === allowed || path.startsWith(`${allowed}/`),
  );
  // The root has everybody's volumes in it.
  const isOwn = path === '/' || isOwnName(path.split('/')[1] ?? '');
  if (isListed && !isOwn) return path;
  throw new DriverError(
    'PERMISSION_DENIED',
    `The directory ${quote(path)} of pool ${name} may not be used by PersistentVolumes: ${isOwn ? 'it belongs to the driver' : 'add it, or a directory above it, to staticPaths of the pool in the configuration of the nodes'}.`,
  );
}

function isCleanPath(path: string): boolean {
  if (path === '/') return true;
  const [before, ...parts] = path.split('/');
  return (
    parts.length > 0 &&
    before === '' &&
    !path.includes('\0') &&
    parts.every((part) => !['', '.', '..'].includes(part))
  );
}
