import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Member } from '../support/split-cluster.ts';
import type { PoolRegistry } from '../../src/pools/registry.ts';
import type { Statistics } from './calls.ts';
import type { GivenUpNodes } from './given-up-nodes.ts';

const TAKEN_BACK_WITHIN_MS = 120_000;

export interface MonkeyOptions {
  readonly members: readonly Member[];
  /** Those of the members that may be given up while they are away; none, where volumes may be made anywhere. */
  readonly mayBeGivenUp: ReadonlySet<Member>;
  readonly givenUp: GivenUpNodes;
  /** The registry of the cluster. */
  readonly registry: PoolRegistry;
  readonly random: SeededRandom;
  readonly statistics: Statistics;
}

/** Kills and freezes programs, and gives nodes up, until the signal aborts. When this resolves all of them run again. */
export async function runMonkey(options: MonkeyOptions, signal: AbortSignal): Promise<void> {
  const { members, random, statistics, mayBeGivenUp } = options;
  /** Somebody who is just being treated is left alone. */
  const treated = new Set<Member>();
  const underWay = new Set<Promise<void>>();
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  };
  const kill = async (member: Member): Promise<void> => {
    await member.program.kill();
    await pause(random.between(0, 2000));
    await member.start();
  };
  const giveUp = async (member: Member): Promise<void> => {
    await member.program.kill();
    await releaseAll(options, member.name);
    await pause(random.between(1000, 8000));
    await member.start();
    await untilTakenBack(options, member.name);
    options.givenUp.takeBack(member.name);
  };
  const freeze = async ({ program }: Member): Promise<void> => {
    program.freeze();
    await pause(random.between(200, 9000));
    program.thaw();
  };
  while (!signal.aborted) {
    await pause(random.between(300, 2500));
    const free = members.filter((member) => !treated.has(member));
    if (free.length === 0 || signal.aborted) continue;
    const member = random.pick(free);
    const [what, treat] = random.chance(0.45)
      ? (['frozen', freeze] as const)
      : mayBeGivenUp.has(member) && random.chance(0.4)
        ? (['given up', giveUp] as const)
        : (['killed', kill] as const);
    statistics.count(`${what} ${member.name}`);
    treated.add(member);
    const treating = treat(member).finally(() => {
      treated.delete(member);
      underWay.delete(treating);
    });
    treating.catch(() => undefined);
    underWay.add(treating);
  }
  await Promise.all(underWay);
}

/** As `stowage nodes forget` does. */
async function releaseAll({ registry, givenUp }: MonkeyOptions, node: string): Promise<void> {
  const signal = AbortSignal.timeout(TAKEN_BACK_WITHIN_MS);
  givenUp.giveUp(node);
  for (const { poolId, nodeName } of await registry.list(signal)) {
    if (nodeName === node) await registry.release({ poolId, by: 'operator' }, signal);
  }
}

/** What was deleted meanwhile is deleted there by then. */
async function untilTakenBack({ registry }: MonkeyOptions, node: string): Promise<void> {
  const signal = AbortSignal.timeout(TAKEN_BACK_WITHIN_MS);
  const isGivenUp = async (): Promise<boolean> =>
    (await registry.list(signal)).some(({ nodeName, release }) => nodeName === node && release !== undefined);
  while (await isGivenUp()) await sleep(100, undefined, { signal });
}
