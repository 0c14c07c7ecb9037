import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { createNfsTier } from '../../test/support/nfs/tier.ts';
import { BUNDLED_PROGRAM } from '../bundle.ts';
import { formatTable, type Row } from '../table.ts';

const SCRATCH_MIB = 4096;
const DEADLINE_MS = 1_800_000;

const Answer = z.object({
  rows: z.array(
    z.object({
      what: z.string(),
      ours: z.string(),
      usual: z.string(),
      ratio: z.string(),
      budget: z.string(),
      isMet: z.boolean(),
    }),
  ),
  failures: z.array(z.string()),
});

/** What is measured in two guests: an NFS server with an agent, and a node with a controller. Snapshots are of up to so many GiB. */
export async function measureNfs(largestGiB: number): Promise<readonly Row[]> {
  await using tier = await createNfsTier({
    program: BUNDLED_PROGRAM,
    // Three times over: the largest volume, beside it a smaller one and its tar.
    diskBytes: (3 * largestGiB + 8) * 2 ** 30,
  });
  await tier.server.boot();
  const { rows, failures } = await tier.runClient({
    command: ['node', 'bench/nfs/guest.ts', `${largestGiB}`],
    scratchMiB: SCRATCH_MIB,
    deadlineMs: DEADLINE_MS,
    onSaid: (line) => console.error(line),
    collect: async (exchange, { exitCode, output }) => {
      if (exitCode !== 0) throw new Error(`The guest ended with ${exitCode}. Its console:\n${output}`);
      return Answer.parse(JSON.parse(await readFile(join(exchange, 'rows.json'), 'utf8')));
    },
  });
  if (failures.length === 0) return rows;
  // What was measured is of use all the same, but the group as a whole is not.
  console.error(formatTable(rows));
  throw new Error(`Not all could be measured over NFS:\n${failures.join('\n')}`);
}
