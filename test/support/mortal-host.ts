import { systemClock } from '../../src/base/clock.ts';
import type { Host } from '../../src/host/host.ts';
import { createLoops } from '../../src/host/loops.ts';
import { createMounts } from '../../src/host/mounts.ts';

/** A machine whose program can be killed between any two of its system calls and commands. */
export interface MortalHost {
  readonly host: Host;
  /** From now on: after so many calls nothing that is asked for happens any more, as if the program had been killed. */
  dieAfter(calls: number): void;
  /** Whether it has died since. */
  readonly isDead: boolean;
}

/** Wraps a machine. What is undone by a program that fails is not undone by one that was killed, nor is it here. */
export function createMortalHost(real: Host): MortalHost {
  let left = Number.POSITIVE_INFINITY;
  let isDead = false;
  const step = (name: string): void => {
    if (left <= 0) {
      isDead = true;
      throw new Error(`killed before ${name}`);
    }
    left -= 1;
  };
  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, property, receiver) {
        const value: unknown = Reflect.get(object, property, receiver);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          await Promise.resolve();
          step(String(property));
          return await Reflect.apply(value, object, args);
        };
      },
    });
  const syscalls = mortal(real.syscalls);
  return {
    host: {
      ...real,
      syscalls,
      commands: mortal(real.commands),
      mounts: createMounts({ syscalls }),
      loops: createLoops({ syscalls, clock: systemClock }),
    },
    dieAfter(calls) {
      left = calls;
      isDead = false;
    },
    get isDead() {
      return isDead;
    },
  };
}
