import { Batches } from '../base/batches.ts';
import { DriverError } from '../domain/errors.ts';
import type { SnapshotRecord, VolumeRecord } from '../filestore/records.ts';
import type { AgentDefinition } from '../gen/stowage/agent/v1/Agent.ts';
import type { ClientMethods } from '../rpc/service.ts';
import { fromAnswerMessage, type Named, type NameQuestion, toQuestionMessage } from './translate/names.ts';

/** An agent answers sooner, or is silent. */
const DEADLINE_MS = 5_000;
/** A message of so many names is small. */
const MOST_IN_A_MESSAGE = 500;

/** A name in one pool of an agent. */
type Sought = Pick<NameQuestion, 'poolId' | 'name'>;

/** Who has which name, in all pools of one agent. */
export interface NameQuestions {
  findVolume(sought: Sought, signal: AbortSignal): Promise<VolumeRecord | undefined>;
  findSnapshot(sought: Sought, signal: AbortSignal): Promise<SnapshotRecord | undefined>;
}

/**
 * Asks an agent for names. With many nodes this is by far the most frequent call, since each new volume is looked for everywhere: what many ask at the same
 * time goes together.
 */
export function createNameQuestions(
  agent: Pick<ClientMethods<AgentDefinition>, 'FindByNames'>,
): NameQuestions {
  const batches = new Batches<NameQuestion, Named>({
    maximum: MOST_IN_A_MESSAGE,
    async ask(questions) {
      const request = { questions: questions.map(toQuestionMessage) };
      const { answers } = await agent.FindByNames(request, { deadlineMs: DEADLINE_MS });
      return questions.map((question, index) => () => {
        const answer = answers[index];
        if (answer !== undefined) return fromAnswerMessage(answer, question);
        throw new DriverError(
          'INTERNAL',
          `An agent did not say whether it has a ${question.kind} "${question.name}".`,
        );
      });
    },
  });
  return {
    async findVolume(sought, signal) {
      const named = await batches.ask({ kind: 'volume', ...sought }, signal);
      return named?.kind === 'volume' ? named.record : undefined;
    },
    async findSnapshot(sought, signal) {
      const named = await batches.ask({ kind: 'snapshot', ...sought }, signal);
      return named?.kind === 'snapshot' ? named.record : undefined;
    },
  };
}
