import type * as z from 'zod';
import { findNearest } from '../base/nearest.ts';
import { quote } from '../base/quote.ts';
import { FS_TYPES, type FsType } from '../domain/access.ts';
import { DriverError } from '../domain/errors.ts';

/** Keys that belong to Kubernetes. Its sidecars consume some, add others, and pass all of them on with GetCapacity. */
const KUBERNETES_PREFIX = 'csi.storage.k8s.io/';

const FS_TYPE_KEY = `${KUBERNETES_PREFIX}fstype`;

/** Parameters of a StorageClass or a VolumeSnapshotClass, told apart by whom they are for. */
export interface ParsedParameters<T> {
  /** The driver's own, parsed. */
  readonly parameters: T;
  /** The driver's own, as written: what a second request is compared with. */
  readonly asked: Readonly<Record<string, string>>;
  /** The claim that the volume is for, when the caller says so. */
  readonly claim: { readonly namespace: string; readonly name: string } | undefined;
  /** `csi.storage.k8s.io/fstype`; CreateVolume gets it in the capability instead. */
  readonly fsType: FsType | undefined;
}

/**
 * Parses raw parameters by a backend's schema (a `z.strictObject` over strings). Throws INVALID_ARGUMENT with one sentence
 * for each key that is unknown, missing, or has a value that the schema refuses.
 */
export function parseParameters<S extends z.ZodObject>(
  schema: S,
  raw: Readonly<Record<string, string>>,
): ParsedParameters<z.output<S>> {
  const entries = Object.entries(raw);
  const asked = Object.fromEntries(entries.filter(([key]) => !key.startsWith(KUBERNETES_PREFIX)));
  const parsed = schema.safeParse(asked);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    const sentences = parsed.error.issues.flatMap((issue) => describeIssue(issue, asked, known));
    throw new DriverError('INVALID_ARGUMENT', sentences.join(' '));
  }
  return {
    parameters: parsed.data,
    asked,
    claim: findClaim(raw),
    fsType: raw[FS_TYPE_KEY] ? parseFsType(raw[FS_TYPE_KEY], FS_TYPE_KEY) : undefined,
  };
}

/** The file system that a text names. Throws INVALID_ARGUMENT, with the nearest known one, for every other text. */
export function parseFsType(text: string, field: string): FsType {
  const known = FS_TYPES.find((fsType) => fsType === text);
  if (known !== undefined) return known;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `${field} is ${quote(text)}, which this driver cannot make.${suggestion(text, FS_TYPES)} It makes ${FS_TYPES.join(', ')}.`,
  );
}

function findClaim(raw: Readonly<Record<string, string>>): ParsedParameters<unknown>['claim'] {
  const name = raw[`${KUBERNETES_PREFIX}pvc/name`];
  const namespace = raw[`${KUBERNETES_PREFIX}pvc/namespace`];
  return name && namespace ? { namespace, name } : undefined;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  asked: Readonly<Record<string, string>>,
  known: readonly string[],
): readonly string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknown(key, known));
  const key = String(issue.path[0] ?? '');
  if (key !== '' && !Object.hasOwn(asked, key)) return [`Parameter "${key}" is missing.`];
  const subject = key === '' ? 'The parameters do not fit together' : `Parameter "${key}" cannot be used`;
  return [`${subject}: ${issue.message}.`];
}

function describeUnknown(key: string, known: readonly string[]): string {
  // external-provisioner honours this old spelling in any letter case, and passes it on all the same.
  if (key.toLowerCase() === 'fstype')
    return `Parameter ${quote(key)} is unknown. Write "${FS_TYPE_KEY}" instead.`;
  return `Parameter ${quote(key)} is unknown.${suggestion(key, known)} Known ones are ${known.join(', ')}.`;
}

function suggestion(word: string, known: readonly string[]): string {
  const nearest = findNearest(word, known);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}
