import { isReleased } from './instance-rules.ts';
import type { PoolInstance } from './registry.ts';

/** After so long without a word a node's pools are noted as silent. More than twice as long as notes of their life are apart. */
const SILENT_MS = 150_000;

/** What is known of when nodes were last heard. */
export interface SilenceFacts {
  readonly instances: readonly PoolInstance[];
  /** For how long this program itself has heard nothing of the node, and nobody else has written down that it lives; at most since it began to listen. */
  silentForMs(nodeName: string): number;
  /** Whether any node answers. A program that hears nobody is more likely to be cut off itself than all others are to be lost. */
  readonly isAnyoneHeard: boolean;
}

/** Pools whose silence is to be noted. */
export function listSilent(facts: SilenceFacts): readonly PoolInstance[] {
  return facts.instances.filter(
    (instance) =>
      !isReleased(instance) &&
      instance.condition !== 'silent' &&
      facts.silentForMs(instance.nodeName) >= SILENT_MS,
  );
}

/**
 * Pools that are given up now: by their policy, once their whole node has been silent for long enough, for this program and by what any other has
 * written down; and those that were given up before and fell silent again while they came back, which nobody has used meanwhile. A controller
 * that was away itself starts to count anew, and one that hears nobody gives up nothing.
 */
export function listOverdue(facts: SilenceFacts): readonly PoolInstance[] {
  if (!facts.isAnyoneHeard) return [];
  return facts.instances.filter((instance) => {
    const limitMs = findLimitMs(instance);
    return limitMs !== undefined && facts.silentForMs(instance.nodeName) >= limitMs;
  });
}

function findLimitMs({ release, onNodeLoss }: PoolInstance): number | undefined {
  if (release !== undefined) return release.isReturning ? SILENT_MS : undefined;
  return onNodeLoss.action === 'release' ? onNodeLoss.afterSeconds * 1000 : undefined;
}
