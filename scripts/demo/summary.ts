import type { Leftovers } from './leftovers.ts';
import { formatMs, type StepOutcome } from './steps.ts';

/** Prints how it went: how many steps, which took longest, what is left. */
export function printSummary(
  outcomes: readonly StepOutcome[],
  left: Leftovers,
  print: (line: string) => void = console.log,
): void {
  const total = outcomes.reduce((sum, { ms }) => sum + ms, 0);
  const slowest = outcomes.toSorted((a, b) => b.ms - a.ms).slice(0, 3);
  print('');
  print('Summary');
  print(`  steps                ${outcomes.length}, all as they should be`);
  print(`  time in all       ${formatMs(total)}`);
  for (const { title, ms } of slowest) print(`  slowest           ${formatMs(ms)}  ${title}`);
  print(`  left behind          ${describeLeftovers(left)}`);
  for (const found of [...left.mounts, ...left.loops, ...left.files]) print(`    ${found}`);
}

/** `0 mounts, 0 loop devices, 0 files` */
export function describeLeftovers({ mounts, loops, files }: Leftovers): string {
  return `${mounts.length} mounts, ${loops.length} loop devices, ${files.length} files`;
}

/** How many things are left. */
export function countLeft({ mounts, loops, files }: Leftovers): number {
  return mounts.length + loops.length + files.length;
}
