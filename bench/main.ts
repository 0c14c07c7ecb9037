/**
 * `make bench`: the budgets of the design that one machine can show, each beside the same work done the usual way in the
 * same run, as a table. ROWS=apart,creates measures only these groups; BENCH_VOLUMES, BENCH_FILES, BENCH_GIB, BENCH_CALLS and BENCH_AGENTS make it smaller
 * or larger.
 */
import { cpus, release } from 'node:os';
import { run } from './commands.ts';
import { chooseGroups, type Group, type Scale } from './groups.ts';
import { readResidentMiB } from './processes.ts';
import { createScenes } from './scenes.ts';
import { formatTable, type Row } from './table.ts';

async function main(groups: readonly Group[], scale: Scale): Promise<number> {
  const startedAt = performance.now();
  await run(process.execPath, 'scripts/build.ts');
  await using scenes = createScenes();
  const rows: Row[] = [];
  const failed: string[] = [];
  for (const { name, what, measure } of groups) {
    console.error(`measuring ${what} (${name}) …`);
    try {
      rows.push(...(await measure(scenes, scale)));
    } catch (error) {
      // The others are of use without it.
      console.error(`${name} could not be measured:`, error);
      failed.push(name);
    }
  }
  console.log(
    `Medians; ${cpus().length} cores, Linux ${release()}, Node.js ${process.version}, scratch disks in files\n`,
  );
  console.log(formatTable(rows));
  const memory = await Promise.all(
    scenes.listProcesses().map(async ({ name, pid }) => `${name} ${await readResidentMiB(pid)}`),
  );
  if (memory.length > 0) console.log(`\nMemory (RSS) after all of it, MiB: ${memory.join(', ')}`);
  const missed = rows.filter((row) => !row.isMet).length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`\n${rows.length - missed} budgets met, ${missed} missed, in ${seconds} s`);
  if (failed.length > 0) console.log(`Not measured: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

function readCount(name: string, byDefault: number): number {
  const count = Number(process.env[name] ?? byDefault);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name} has to be a whole number above 0`);
  return count;
}

process.exitCode = await main(chooseGroups(process.env['ROWS'] ?? ''), {
  volumes: readCount('BENCH_VOLUMES', 10_000),
  files: readCount('BENCH_FILES', 200_000),
  imageGiB: readCount('BENCH_GIB', 10),
  calls: readCount('BENCH_CALLS', 10_000),
  agents: readCount('BENCH_AGENTS', 200),
});
