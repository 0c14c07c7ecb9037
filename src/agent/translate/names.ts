import { DriverError, ERROR_CODES } from '../../domain/errors.ts';
import type { SnapshotRecord, VolumeRecord } from '../../filestore/records.ts';
import type { NameAnswer, NameAnswer__Output } from '../../gen/stowage/agent/v1/NameAnswer.ts';
import type { NameQuestion as QuestionMessage } from '../../gen/stowage/agent/v1/NameQuestion.ts';
import { fromSnapshotMessage, fromVolumeMessage } from './records.ts';

/** A name that is looked for in a pool. */
export interface NameQuestion {
  readonly kind: 'volume' | 'snapshot';
  readonly poolId: string;
  readonly name: string;
}

/** What has the name. */
export type Named =
  | { readonly kind: 'volume'; readonly record: VolumeRecord }
  | { readonly kind: 'snapshot'; readonly record: SnapshotRecord }
  | undefined;

/** A question as it is sent. */
export function toQuestionMessage({ kind, poolId, name }: NameQuestion): QuestionMessage {
  return kind === 'volume' ? { poolId, volumeName: name } : { poolId, snapshotName: name };
}

/** Why there is no answer, as it is sent: the code and sentence of an error. */
export function toFailureMessage(code: string, message: string): NameAnswer {
  return { failure: { code, message } };
}

/** What an agent answered. Throws what it failed with, and INTERNAL for an answer that makes no sense, or that is about something else. */
export function fromAnswerMessage(
  { answer, volume, snapshot, failure }: NameAnswer__Output,
  { kind, poolId, name }: NameQuestion,
): Named {
  if (answer === undefined) return undefined;
  if (failure != null) throw new DriverError(findCode(failure.code), failure.message);
  const named: Named =
    volume != null
      ? { kind: 'volume', record: fromVolumeMessage(volume, poolId) }
      : snapshot != null
        ? { kind: 'snapshot', record: fromSnapshotMessage(snapshot, poolId) }
        : undefined;
  if (named?.kind === kind && named.record.name === name) return named;
  throw new DriverError(
    'INTERNAL',
    `An agent was asked for the ${kind} "${name}" in pool ${poolId} and answered with something else: the answer was not used.`,
  );
}

function findCode(code: string): (typeof ERROR_CODES)[number] {
  return ERROR_CODES.find((known) => known === code) ?? 'INTERNAL';
}
