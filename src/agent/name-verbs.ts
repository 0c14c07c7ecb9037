import { isTimeout, startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { NameAnswer } from '../gen/stowage/agent/v1/NameAnswer.ts';
import type { NameQuestion__Output } from '../gen/stowage/agent/v1/NameQuestion.ts';
import type { ServiceMethods } from '../rpc/service.ts';
import { toErrorCode, toStatus } from '../rpc/status.ts';
import type { GetStore } from './server.ts';
import { toFailureMessage } from './translate/names.ts';
import { toSnapshotMessage, toVolumeMessage } from './translate/records.ts';

/** Records are in memory mostly. A pool that takes longer must not keep the answers of the others. */
const LOOKUP_DEADLINE_MS = 2_000;

/** The verb about names: each question is one call of its store, all of them side by side. */
export function createNameVerbs(getStore: GetStore): Pick<ServiceMethods<AgentHandlers>, 'FindByNames'> {
  return {
    FindByNames: async ({ questions }, { signal }) => {
      using deadline = startDeadline(signal, LOOKUP_DEADLINE_MS);
      const answers = await Promise.all(
        questions.map(async (question) => await answer(getStore, question, deadline.signal)),
      );
      // Whoever has left is told nothing, least of all that pools are silent.
      signal.throwIfAborted();
      return { answers };
    },
  };
}

async function answer(
  getStore: GetStore,
  question: NameQuestion__Output,
  signal: AbortSignal,
): Promise<NameAnswer> {
  try {
    return await raceAbort(lookUp(getStore, question, signal), signal);
  } catch (error) {
    const failure = isTimeout(error) ? toSilence(question) : error;
    return toFailureMessage(toErrorCode(failure), toStatus(failure).message);
  }
}

async function lookUp(
  getStore: GetStore,
  question: NameQuestion__Output,
  signal: AbortSignal,
): Promise<NameAnswer> {
  const { poolId, volumeName, snapshotName } = question;
  const store = getStore(question);
  if (volumeName !== undefined) {
    const volume = await store.findVolumeByName({ name: volumeName }, signal);
    return volume === undefined ? {} : { volume: toVolumeMessage(volume, poolId) };
  }
  if (snapshotName === undefined) throw new DriverError('INVALID_ARGUMENT', 'A question names nothing.');
  const snapshot = await store.findSnapshotByName({ name: snapshotName }, signal);
  return snapshot === undefined ? {} : { snapshot: toSnapshotMessage(snapshot, poolId) };
}

function toSilence({ poolId }: NameQuestion__Output): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Pool ${poolId} did not look up a name within ${LOOKUP_DEADLINE_MS} ms: ask again.`,
  );
}
