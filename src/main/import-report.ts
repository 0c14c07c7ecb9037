import { splitMountOptions } from '../backends/nfs/import/manifests.ts';
import type { ImportPlan, LeftVolume, PlannedImport } from '../backends/nfs/import/plan-import.ts';
import type { AdoptionNote } from '../filestore/adoption/adoption-note.ts';
import { formatQuantity } from '../config/quantity.ts';

/** What became, or would become, of one PersistentVolume that can be imported. */
export interface ImportedLine {
  readonly planned: PlannedImport;
  readonly outcome: string;
}

/** What is said of a whole import. */
export interface ImportReport {
  /** Begins the text. */
  readonly title: string;
  readonly lines: readonly ImportedLine[];
  readonly refused: readonly LeftVolume[];
  readonly left: ImportPlan['left'];
  /** Directories at the root of the pool that no PersistentVolume is about. */
  readonly unclaimed: readonly string[];
  /** What an earlier import began and these do not finish. */
  readonly unfinished: readonly AdoptionNote[];
  /** Whether it was done, or only looked at. */
  readonly isDone: boolean;
}

/** The report for people. */
export function renderReport({
  title,
  lines,
  refused,
  left,
  unclaimed,
  unfinished,
  isDone,
}: ImportReport): string {
  const archived = unclaimed.filter((name) => name.startsWith('archived-'));
  const others = unclaimed.filter((name) => !name.startsWith('archived-'));
  const parts = [
    title,
    ...lines.map((line) => renderLine(line, isDone)),
    ...section('Cannot be imported', refused.map(renderLeft)),
    ...section(
      'Cut short in an earlier import, and to be finished by one with their PersistentVolumes',
      unfinished.map(({ name, directory }) => `${name}: ${directory}`),
    ),
    ...section('Not in this pool, and left alone', left.map(renderLeft)),
    ...section('Archived by their provisioner, and left alone', archived),
    ...section('Of no PersistentVolume, and left alone', others),
    '',
    isDone
      ? 'The manifests are those of the PersistentVolumes and claims that take their place.'
      : 'Nothing was changed. Say it again with --yes to do it.',
  ];
  return `${parts.join('\n')}\n`;
}

function renderLine({ planned, outcome }: ImportedLine, isDone: boolean): string {
  const { volume, directory, capacityBytes } = planned;
  const { claimRef, accessModes, mountOptions, persistentVolumeReclaimPolicy } = volume.spec;
  const claim = claimRef === undefined ? 'no claim' : `claim ${claimRef.namespace}/${claimRef.name}`;
  const { dropped } = splitMountOptions(mountOptions);
  const notes = [
    ...(dropped.length === 0 ? [] : [`mount options that this driver does not take: ${dropped.join(', ')}`]),
    ...(isDone || persistentVolumeReclaimPolicy === 'Retain'
      ? []
      : [
          `its policy is ${persistentVolumeReclaimPolicy}: set it to Retain before its claim is deleted, or its data goes with it`,
        ]),
  ];
  return [
    `  ${volume.metadata.name}: ${directory}, ${formatQuantity(capacityBytes)}, ${accessModes.join(' ')}, ${claim}`,
    `    ${outcome}`,
    ...notes.map((note) => `    note: ${note}`),
  ].join('\n');
}

function renderLeft({ name, reason }: LeftVolume): string {
  return `${name}: ${reason}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}
