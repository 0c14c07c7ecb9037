import { quote } from '../../base/quote.ts';
import { parseFsType } from '../../backends/parameters.ts';
import type { BlockAccess, MountAccess, VolumeCapability } from '../../domain/access.ts';
import { DriverError } from '../../domain/errors.ts';
import type {
  _csi_v1_VolumeCapability_MountVolume__Output as MountVolume,
  VolumeCapability__Output,
} from '../../gen/csi/v1/VolumeCapability.ts';
import { checkCapabilityForm, parseAccessMode } from '../validation/capability-form.ts';
import { parseMountFlags } from '../validation/mount-flags.ts';

/**
 * A capability of the wire. Throws INVALID_ARGUMENT when its access type or mode is missing or unknown, or when its file
 * system or mount flags are not to be had from this driver.
 */
export function toCapability(
  wire: VolumeCapability__Output | null,
  field = 'volume_capability',
): VolumeCapability {
  if (wire === null) throw new DriverError('INVALID_ARGUMENT', `${field} is required, and it is not set.`);
  checkCapabilityForm(wire, field);
  return { access: toAccess(wire, field), mode: parseAccessMode(wire, field) };
}

/** As {@link toCapability}, for a field that may be left out. */
export function toOptionalCapability(wire: VolumeCapability__Output | null): VolumeCapability | undefined {
  return wire === null ? undefined : toCapability(wire);
}

/** As {@link toCapability}, for a list; messages name the entry. */
export function toCapabilities(wire: readonly VolumeCapability__Output[]): readonly VolumeCapability[] {
  return wire.map((capability, index) => toCapability(capability, `volume_capabilities[${index}]`));
}

function toAccess(wire: VolumeCapability__Output, field: string): MountAccess | BlockAccess {
  return wire.mount == null ? { kind: 'block' } : toMountAccess(wire.mount, `${field}.mount`);
}

function toMountAccess(mount: MountVolume, field: string): MountAccess {
  return {
    kind: 'mount',
    ...toMountGroup(mount.volumeMountGroup, `${field}.volume_mount_group`),
    fsType: mount.fsType === '' ? undefined : parseFsType(mount.fsType, `${field}.fs_type`),
    mountFlags: parseMountFlags(mount.mountFlags, `${field}.mount_flags`),
  };
}

/** CSI leaves the form open; Kubernetes sends a number (pod.spec.securityContext.fsGroup). */
function toMountGroup(text: string, field: string): Pick<MountAccess, 'mountGroup'> {
  if (text === '') return {};
  const mountGroup = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (mountGroup <= 4_294_967_294) return { mountGroup };
  throw new DriverError('INVALID_ARGUMENT', `${field} is ${quote(text)}, which is no number of a group.`);
}

/** Throws INVALID_ARGUMENT for a group where the driver does not announce that it takes one. */
export function refuseMountGroup({ access }: VolumeCapability, field = 'volume_capability'): void {
  if (access.kind === 'block' || access.mountGroup === undefined) return;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `${field}.mount.volume_mount_group is set, but this driver does not announce VOLUME_MOUNT_GROUP. Leave it empty; Kubernetes then applies fsGroup itself.`,
  );
}
