import { chmod, chown, lstat } from 'node:fs/promises';
import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';

/** rwx for the group, and its inheritance by what is made in there. */
const GROUP_BITS = 0o2070;

/**
 * Makes the root of a volume belong to a group (CSI VOLUME_MOUNT_GROUP), which NFS has no mount option for. What is in there already keeps its group: going through all of it
 * at each mount is what makes large volumes slow to start. Idempotent. Throws PERMISSION_DENIED where the export squashes root.
 */
export async function applyGroup(path: string, group: number, volumeId: string): Promise<void> {
  const { gid, mode } = await lstat(path);
  try {
    if (gid !== group) await chown(path, -1, group);
    // chown takes the bit for inheritance away, so the bits come last.
    const wanted = (mode & 0o7777) | GROUP_BITS;
    if (gid !== group || (mode & 0o7777) !== wanted) await chmod(path, wanted);
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EACCES')) throw error;
    throw new DriverError(
      'PERMISSION_DENIED',
      `Volume ${volumeId} cannot be given to group ${group} (fsGroup), since its export squashes root. Export it with no_root_squash to the nodes, or leave out fsGroup and set gid and mode of the export's anonymous user.`,
      { cause: error },
    );
  }
}
