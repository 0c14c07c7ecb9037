import { ACCESS_MODES, type AccessMode } from '../../domain/access.ts';
import { DriverError } from '../../domain/errors.ts';
import type { VolumeCapability__Output } from '../../gen/csi/v1/VolumeCapability.ts';

/**
 * Throws INVALID_ARGUMENT when a capability lacks its access type or mode. What it asks for may still be something that this
 * driver does not have.
 */
export function checkCapabilityForm(wire: VolumeCapability__Output, field: string): void {
  parseAccessMode(wire, field);
  if (wire.block == null && wire.mount == null)
    throw new DriverError('INVALID_ARGUMENT', `${field} has no access type. Set either mount or block.`);
}

/** The access mode of a capability. Throws INVALID_ARGUMENT when it is not set, or newer than this driver. */
export function parseAccessMode(wire: VolumeCapability__Output, field: string): AccessMode {
  // A value that csi.proto does not have arrives as a number.
  const asked: unknown = wire.accessMode?.mode;
  const mode = ACCESS_MODES.find((known) => known === asked);
  if (mode !== undefined) return mode;
  const found = typeof asked === 'number' ? `is ${asked}` : 'is not set';
  throw new DriverError(
    'INVALID_ARGUMENT',
    `${field}.access_mode.mode ${found}. Set one of ${ACCESS_MODES.join(', ')}.`,
  );
}
