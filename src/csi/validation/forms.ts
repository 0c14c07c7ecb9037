import { isAbsolute, normalize } from 'node:path/posix';
import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Topology__Output } from '../../gen/csi/v1/Topology.ts';
import type { TopologyRequirement__Output } from '../../gen/csi/v1/TopologyRequirement.ts';
import type { VolumeCapability__Output } from '../../gen/csi/v1/VolumeCapability.ts';
import { checkCapabilityForm } from './capability-form.ts';
import { countMapBytes, MAX_MAP_BYTES, MAX_PATH_BYTES, MAX_STRING_BYTES } from './limits.ts';

/** Throws DriverError when a value that is set does not have the form of its field. `field` is its name in csi.proto. */
export type Form<T> = (value: T, field: string) => void;

/** The control characters that CSI keeps out of names: all of C0 and C1 but tab, newline and carriage return, and DEL. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** Everything passes. Ids are of this form: one that is not ours is unknown, however it looks, and that is for the look-up to say. */
export function anything(): void {}

/** The name of a volume or snapshot to be made. */
export function name(value: string, field: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_STRING_BYTES)
    throw invalid(`${field} has ${bytes} bytes: ${quote(value)}. CSI allows ${MAX_STRING_BYTES}.`);
  if (CONTROL.test(value))
    throw invalid(`${field} is ${quote(value)}: control characters are not allowed in it.`);
}

/** A path that a volume is mounted at or taken from: mountinfo has to show it as it is written. */
export function mountPath(value: string, field: string): void {
  const flaw = findPathFlaw(value);
  if (flaw !== undefined) throw invalid(`${field} is ${quote(value)}, which ${flaw}.`);
}

/** A path at which a volume is looked for. Where no volume can be, none is found (csi-sanity insists on it). */
export function lookupPath(value: string, field: string): void {
  const flaw = findPathFlaw(value);
  if (flaw === undefined) return;
  throw new DriverError(
    'PATH_NOT_FOUND',
    `No volume is at ${quote(value)}: ${field} is the path of a staged or published volume, and this one ${flaw}.`,
  );
}

/** A map of strings. Its contents never reach the message: it may hold secrets. */
export function map(value: Readonly<Record<string, string>>, field: string): void {
  const bytes = countMapBytes(value);
  if (bytes > MAX_MAP_BYTES)
    throw invalid(`${field} has ${bytes} bytes of keys and values. CSI allows ${MAX_MAP_BYTES}.`);
}

/** A place: its labels are a map; which of them exist is for the look-up to say. */
export function topology(value: Topology__Output | null, field: string): void {
  if (value !== null) map(value.segments, `${field}.segments`);
}

/** As {@link topology}, for a requirement. */
export function topologyRequirement(value: TopologyRequirement__Output | null, field: string): void {
  for (const place of value?.requisite ?? []) topology(place, `${field}.requisite`);
  for (const place of value?.preferred ?? []) topology(place, `${field}.preferred`);
}

/** A capability that says how and by whom; what it asks for is looked at when it is translated. */
export function capability(value: VolumeCapability__Output | null, field: string): void {
  if (value !== null) checkCapabilityForm(value, field);
}

/** As {@link capability}, for each of a list. */
export function capabilities(value: readonly VolumeCapability__Output[], field: string): void {
  for (const [index, entry] of value.entries()) checkCapabilityForm(entry, `${field}[${index}]`);
}

function findPathFlaw(path: string): string | undefined {
  if (path.includes('\0')) return 'holds a NUL';
  if (!isAbsolute(path)) return 'is not absolute';
  if (Buffer.byteLength(path) >= MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES - 1} bytes`;
  if (path === '/') return 'is the root directory';
  if (path.endsWith('/') || normalize(path) !== path) return 'has ".", ".." or a slash too many in it';
  return undefined;
}

function invalid(message: string): DriverError {
  return new DriverError('INVALID_ARGUMENT', message);
}
