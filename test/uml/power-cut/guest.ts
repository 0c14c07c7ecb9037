/** What a guest of the power-cut suite runs: mount, serve, check what the journal promises, then work until the power goes. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer, type TestServer } from '../../support/server.ts';
import { check } from './check.ts';
import { formatDisks, mountDisks, POOLS, STATE_DIRECTORY } from './disks.ts';
import { createDriver } from './driver.ts';
import { type Expectations, toExpectations } from './expectations.ts';
import type { Line, Plan } from './journal.ts';
import { createRecorder, openSerial, type Recorder } from './recorder.ts';
import { runWorkload } from './workload.ts';

const CLI = 'src/main/cli.ts';
const exchange = process.env['EXCHANGE'] ?? '';
const plan = JSON.parse(await readFile(join(exchange, 'plan.json'), 'utf8')) as Plan;
const send = openSerial();
const journal: Line[] = [...plan.journal];

function say(line: Line): void {
  journal.push(line);
  send(line);
}

function fault(text: string): void {
  say({ say: 'fault', text });
}

const expect = (): Expectations => toExpectations(journal);

async function main(): Promise<void> {
  if (plan.mode === 'first') await formatDisks();
  await mountDisks();
  say({ say: 'starting' });
  const server = await startServer({
    directory: '/run/server',
    pools: POOLS,
    extra: { stateDirectory: STATE_DIRECTORY },
    ...(plan.isWithoutSync
      ? { program: ['node', '--import', './test/uml/power-cut/without-sync.ts', CLI] }
      : {}),
  });
  try {
    await useServer(server);
  } catch (error) {
    const lines = server.logs().filter((line) => !line.includes('"code":"OK"'));
    const log = lines.slice(-5).map((line) => line.slice(0, 1000));
    fault(`${error instanceof Error ? error.stack : String(error)}\n${log.join('\n')}`);
    throw error;
  }
  await server.stop();
}

async function useServer(server: TestServer): Promise<void> {
  const driver = createDriver({ server, ids: toIds(expect()) });
  const record = createRecorder(say, driver, plan.boot);
  const options = { expect, driver, record, fault };
  say({ say: 'checked', looked: await check({ ...options, boot: `${plan.boot}` }) });
  // New pools are made durable for it: what is lost then are volumes, and not everything at once.
  if (plan.isWithoutSync) await promisify(execFile)('sync');
  if (plan.mode !== 'last') await runWorkload({ plan, driver, record, expectations: expect() });
  await removeAll(record);
  say({ say: 'checked', looked: await check({ ...options, boot: 'end' }) });
  await checkEmpty();
}

function toIds({ volumes, snapshots }: Expectations): Map<string, string> {
  const ids = new Map<string, string>();
  for (const [name, { answer }] of [...volumes, ...snapshots]) {
    if (answer?.id !== undefined) ids.set(name, answer.id);
  }
  return ids;
}

async function removeAll(record: Recorder): Promise<void> {
  const { volumes, snapshots } = expect();
  for (const [name, { deletion }] of volumes) {
    if (deletion === 'none') await record.call({ kind: 'delete-volume', name });
  }
  for (const [name, { deletion }] of snapshots) {
    if (deletion === 'none') await record.call({ kind: 'delete-snapshot', name });
  }
}

/** With all volumes gone, the pools hold nothing but a few records. */
async function checkEmpty(): Promise<void> {
  for (const { name, path } of POOLS) {
    const { stdout } = await promisify(execFile)('du', ['-s', '-x', '--block-size=1K', path]);
    const usedKiB = Number.parseInt(stdout, 10);
    if (usedKiB > 256) fault(`pool ${name} is empty and still holds ${usedKiB} KiB`);
  }
}

await main();
process.exit(0);
