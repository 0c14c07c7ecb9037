import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { createFileRegistry } from '../../src/pools/file-registry.ts';
import { SEEN } from '../contract/registry-samples.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

const VICTIM = resolve(import.meta.dirname, 'fixtures/change-registry.ts');
const ROUNDS = 5;
const { signal } = new AbortController();

/** Lets a program change the registry until it has said something, and a little longer; returns what it said. */
async function killOne(stateDirectory: string, name: string, afterMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [VICTIM, stateDirectory, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  await once(reader, 'line');
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  await Promise.all([once(child, 'exit'), once(reader, 'close')]);
  clearTimeout(timer);
  return lines;
}

it('the registry in files keeps what was answered, whenever the programs that change it are killed', async () => {
  await using scratch = await mkdtempDisposable('/var/tmp/stowage-registry-crash-');
  const open = () => createFileRegistry({ stateDirectory: scratch.path, driver: SEEN.driver, clock: Date });
  await open().record(SEEN, signal);
  await open().release({ poolId: SEEN.poolId, by: 'operator' }, signal);
  const random = createSeededRandom(5);
  const answered: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const both = ['a', 'b'].map(
      async (name) => await killOne(scratch.path, `${name}${round}`, random.between(0, 200)),
    );
    answered.push(...(await Promise.all(both)).flat());

    const buried = new Set((await open().listTombstones(undefined, signal)).map(({ objectId }) => objectId));
    expect(answered.filter((id) => !buried.has(id))).toEqual([]);
    expect(await open().list(signal)).toMatchObject([{ poolId: SEEN.poolId, release: { by: 'operator' } }]);
  }
  expect(answered.length).toBeGreaterThan(2 * ROUNDS);
});
