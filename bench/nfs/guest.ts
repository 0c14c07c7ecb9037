/** What the guest of the rows of NFS runs: it measures, and leaves the rows in the exchange folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectServerControl } from '../../test/support/nfs/server-control.ts';
import { measureNfsFrozen } from '../rows/nfs-frozen.ts';
import { measureNfsMemory } from '../rows/nfs-memory.ts';
import { measureNfsSnapshots } from '../rows/nfs-snapshots.ts';
import { measureNfsVolumes } from '../rows/nfs-volumes.ts';
import type { Row } from '../table.ts';
import { startNfsBenchScene } from './scene.ts';

const largestMiB = Number(process.argv[2]) * 1024;
using server = connectServerControl();
const rows: Row[] = [];
const failures: string[] = [];
{
  await using scene = await startNfsBenchScene(server);
  const parts = {
    volumes: () => measureNfsVolumes(scene),
    memory: () => measureNfsMemory(scene),
    frozen: () => measureNfsFrozen(scene),
    snapshots: () => measureNfsSnapshots(scene, [...new Set([128, 1024, largestMiB])]),
  };
  for (const [name, measure] of Object.entries(parts)) {
    server.say(`measuring ${name} over NFS …`);
    try {
      rows.push(...(await measure()));
    } catch (error) {
      // The others are of use without it.
      failures.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  await server.boot();
}
await writeFile(join(process.env['EXCHANGE'] ?? '', 'rows.json'), JSON.stringify({ rows, failures }));
