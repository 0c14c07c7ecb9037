/** Kinds of text that nobody should send, or that mean nothing here. */
export const TEXT_KINDS = [
  'empty',
  'long',
  'nul',
  'control',
  'dotdot',
  'absolute',
  'foreign',
  'generation',
  'unicode',
] as const;
export type TextKind = (typeof TEXT_KINDS)[number];

/** Statuses that are right for a field, by the kind of text; `other` for the kinds that are not named. */
type Expectation = Readonly<Partial<Record<TextKind, readonly string[]>>> & {
  readonly other: readonly string[];
};

const OK = ['OK'];
const INVALID = ['INVALID_ARGUMENT'];
const NOT_FOUND = ['NOT_FOUND'];
const UNMET = ['FAILED_PRECONDITION'];
const BOUNDED = { long: INVALID, other: OK };

/** By method and field, the first that matches. What is right follows from the specification and from csi-sanity. */
const EXPECTATIONS: readonly (readonly [RegExp, Expectation])[] = [
  [/^Controller(Publish|Unpublish|Modify)Volume /, { other: ['UNIMPLEMENTED'] }],

  // Ids: whatever does not name something names nothing. Deleting nothing is done.
  [/^Delete(Volume volumeId|Snapshot snapshotId)$/, { empty: INVALID, other: OK }],
  // On a node something else may be mounted at the path: it stays, and the answer may say so.
  [
    /^NodeUn(stage|publish)Volume volumeId$/,
    { empty: INVALID, generation: ['OK', 'NOT_FOUND', 'FAILED_PRECONDITION'], other: ['OK', 'NOT_FOUND'] },
  ],
  [/^ListSnapshots (snapshotId|sourceVolumeId)$/, { other: OK }],
  [/(volume|snapshot)Id$/i, { empty: INVALID, other: NOT_FOUND }],
  [/ startingToken$/, { empty: OK, generation: ['OK', 'ABORTED'], other: ['ABORTED'] }],

  // Names are free, but for their length and control characters.
  [/ name$/, { empty: INVALID, long: INVALID, nul: INVALID, control: INVALID, other: OK }],

  // Paths: where things are mounted they are checked, where a volume is looked for it is not found.
  [/^NodePublishVolume stagingTargetPath$/, { empty: UNMET, absolute: UNMET, other: INVALID }],
  // Nothing is at the other path, but the volume is mounted still, so that its device is not free yet.
  [/^NodeUnstageVolume stagingTargetPath$/, { empty: INVALID, absolute: ['OK', 'ABORTED'], other: INVALID }],
  [
    /^Node(Stage|Publish|Unpublish)Volume (staging)?targetPath$/i,
    {
      empty: INVALID,
      absolute: ['OK', 'INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS', 'FAILED_PRECONDITION'],
      other: INVALID,
    },
  ],
  [/ volumePath$/, { empty: INVALID, other: NOT_FOUND }],
  [
    /^NodeGetVolumeHealth (volumePublishPath|stagingTargetPath)$/,
    { empty: OK, absolute: ['OK', 'NOT_FOUND'], other: NOT_FOUND },
  ],
  [/^Node(GetVolumeStats|ExpandVolume) stagingTargetPath$/, { other: OK }],

  // Capabilities: what cannot be had is an answer of ValidateVolumeCapabilities, and a bad argument elsewhere.
  [/^ValidateVolumeCapabilities volumeCapabilities/, { other: OK }],
  [/\.mount\.(fsType|volumeMountGroup)$/, { empty: OK, other: INVALID }],
  [
    /\.mount\.mountFlags\[\]$/,
    {
      foreign: ['OK', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'ALREADY_EXISTS'],
      generation: ['OK', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'ALREADY_EXISTS'],
      other: INVALID,
    },
  ],

  // Maps: bounded in size; parameters are known or refused; places that do not exist have no room.
  [/ (secrets|publishContext)\{/, BOUNDED],
  [/^ValidateVolumeCapabilities (parameters|mutableParameters|volumeContext)\{/, BOUNDED],
  [/ volumeContext\{/, { long: INVALID, other: ['OK', 'INVALID_ARGUMENT'] }],
  [/^CreateVolume mutableParameters\{/, { other: INVALID }],
  [/^CreateVolume parameters\{key\}/, { other: INVALID }],
  [/^CreateVolume parameters\{value\}/, { other: ['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED'] }],
  [/^GetCapacity parameters\{key\}/, { other: INVALID }],
  [/^(GetCapacity|CreateSnapshot) parameters\{/, { long: INVALID, other: ['OK', 'INVALID_ARGUMENT'] }],
  [
    /^Create(Volume|Snapshot) accessibilityRequirements\.requisite/,
    { long: INVALID, other: ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'] },
  ],
  [
    /^Create(Volume|Snapshot) accessibilityRequirements\.preferred/,
    { long: INVALID, other: ['OK', 'RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'] },
  ],
  [/ accessibleTopology\./, BOUNDED],
];

/** The statuses that are right when the field of the method is of this kind. Throws for a field that nobody has thought about. */
export function getExpected(method: string, label: string, kind: TextKind): readonly string[] {
  const found = EXPECTATIONS.find(([pattern]) => pattern.test(`${method} ${label}`));
  if (found === undefined) throw new Error(`Say in EXPECTATIONS what a bad ${label} of ${method} leads to.`);
  return found[1][kind] ?? found[1].other;
}

/** What the texts of some kinds are made from. */
export interface TextSources {
  /** Ids of things that exist. */
  readonly volumeId: string;
  readonly snapshotId: string;
  /** An existing file outside of everything that the driver may touch. */
  readonly outsidePath: string;
}

/** The texts to send, by kind. */
export function makeTexts(sources: TextSources): Readonly<Record<TextKind, readonly string[]>> {
  const { volumeId, snapshotId, outsidePath } = sources;
  return {
    empty: [''],
    long: ['x'.repeat(10_240)],
    nul: ['a\0b', '\0', `${volumeId}\0`],
    control: ['a\u0007b', '\u009b31m'],
    dotdot: ['../../../../../../etc/passwd', '..', `${volumeId}/../../..`],
    absolute: [outsidePath],
    foreign: [
      'vol-0123456789abcdef0',
      'server.example#export#pvc-1##',
      'c0ffee00-0000-4000-8000-000000000000',
    ],
    generation: [
      ...[volumeId, snapshotId].map((id) => `${id.slice(0, -8)}aaaaaaaa`),
      `${'a'.repeat(8)}${volumeId.slice(8)}`,
      `s${volumeId}`,
      snapshotId.slice(1),
    ],
    unicode: ['größe-数据-💾', '\u202egnp.exe', '.\u0301'],
  };
}
