import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Member } from '../support/split-cluster.ts';
import type { Statistics } from './calls.ts';

export interface MonkeyOptions {
  readonly members: readonly Member[];
  readonly random: SeededRandom;
  readonly statistics: Statistics;
}

/** Kills and freezes programs until the signal aborts. When this resolves all of them run again. */
export async function runMonkey(options: MonkeyOptions, signal: AbortSignal): Promise<void> {
  const { members, random, statistics } = options;
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
    const isKilled = random.chance(0.55);
    statistics.count(`${isKilled ? 'killed' : 'frozen'} ${member.name}`);
    treated.add(member);
    const treating = (isKilled ? kill(member) : freeze(member)).finally(() => {
      treated.delete(member);
      underWay.delete(treating);
    });
    treating.catch(() => undefined);
    underWay.add(treating);
  }
  await Promise.all(underWay);
}
