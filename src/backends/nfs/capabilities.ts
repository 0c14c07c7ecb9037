import { quote } from '../../base/quote.ts';
import type { VolumeCapability } from '../../domain/access.ts';
import { DriverError } from '../../domain/errors.ts';
import { parseNfsOptions } from '../../config/nfs-options.ts';

/** Throws INVALID_ARGUMENT for what no volume of this driver can be: a raw device, a file system of its own, or mounted with options that NFS does not have. */
export function checkNfsCapabilities(capabilities: readonly VolumeCapability[]): void {
  for (const { access } of capabilities) {
    if (access.kind === 'block') {
      throw new DriverError(
        'INVALID_ARGUMENT',
        'A raw block device is asked for, but volumes of this driver are directories that all nodes share. Use the host-path driver (hostpath.stowage.dev), or volumeMode: Filesystem.',
      );
    }
    if (access.fsType !== undefined) {
      throw new DriverError(
        'INVALID_ARGUMENT',
        `The file system ${quote(access.fsType)} is asked for, but volumes of this driver have that of their server. Remove csi.storage.k8s.io/fstype from the StorageClass.`,
      );
    }
    parseNfsOptions(access.mountFlags);
  }
}
