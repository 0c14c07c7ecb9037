/**
 * `make bench`: the budgets of the design that one machine can show, each beside the same work done the usual way in the
 * same run, as a table. BENCH_VOLUMES, BENCH_FILES and BENCH_GIB make it smaller or larger.
 */
import { cpus, release } from 'node:os';
import { run } from './commands.ts';
import { measureAgentHop } from './rows/agent-hop.ts';
import { measureDeletion } from './rows/deletion.ts';
import { measureDirectories, measureManyDirectories } from './rows/directories.ts';
import { measureImages } from './rows/images.ts';
import { measureProcess, readResidentMiB } from './rows/process.ts';
import { setScene } from './scene.ts';
import { formatTable, type Row } from './table.ts';

/** How much is measured. */
interface Scale {
  readonly volumes: number;
  readonly files: number;
  readonly imageGiB: number;
}

async function main(scale: Scale): Promise<number> {
  await run(process.execPath, 'scripts/build.ts');
  await using scene = await setScene();
  const rows: Row[] = [];
  const add = async (what: string, measure: () => Promise<readonly Row[]>): Promise<void> => {
    console.error(`measuring ${what} …`);
    rows.push(...(await measure()));
  };
  await add('the process', () => measureProcess(scene));
  await add('the agent', () => measureAgentHop());
  await add('directories', () => measureDirectories(scene));
  await add('images', () => measureImages(scene, [1, scale.imageGiB]));
  await add('deletion', () => measureDeletion(scene, scale.files));
  await add('many directories', () => measureManyDirectories(scene, scale.volumes));
  console.log(
    `Medians; ${cpus().length} cores, Linux ${release()}, Node.js ${process.version}, scratch disks in files\n`,
  );
  console.log(formatTable(rows));
  console.log(`\nMemory (RSS) after all of it: ${await readResidentMiB(scene.server.pid)} MiB`);
  const missed = rows.filter((row) => !row.isMet).length;
  console.log(`${rows.length - missed} budgets met, ${missed} missed`);
  return 0;
}

function readCount(name: string, byDefault: number): number {
  const count = Number(process.env[name] ?? byDefault);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name} has to be a whole number above 0`);
  return count;
}

process.exitCode = await main({
  volumes: readCount('BENCH_VOLUMES', 10_000),
  files: readCount('BENCH_FILES', 200_000),
  imageGiB: readCount('BENCH_GIB', 10),
});
