import { setTimeout as sleep } from 'node:timers/promises';
import type { NfsNode } from '../../test/support/nfs/cluster.ts';
import { SERVER_EXPORT } from '../../test/support/nfs/server-guest-places.ts';
import type { Leftovers } from './leftovers.ts';
import type { NfsScene } from './nfs-scene.ts';

const EMPTY_WITHIN_MS = 60_000;
const FOLDERS = ['volumes', 'snapshots', '.stowage/staging', '.stowage/trash', 'by-claim'];

/** What the pools of the server still hold, and what nodes still have mounted, once the work in the background has had time to end. */
export async function findNfsLeftovers({ server, alpha, beta, directory }: NfsScene): Promise<Leftovers> {
  const listFiles = async (): Promise<readonly string[]> => {
    const folders = ['served', 'plain'].flatMap((pool) =>
      FOLDERS.map((folder) => `${SERVER_EXPORT}/${pool}/${folder}`),
    );
    const script = 'for folder; do [ ! -d "$folder" ] || find "$folder" -mindepth 1; done';
    return toLines(await server.run(['sh', '-c', script, 'sh', ...folders]));
  };
  const mounts = await untilEmpty(async () => [
    ...(await listMounts(alpha, directory)),
    ...(await listMounts(beta, directory)),
  ]);
  return { mounts, loops: [], files: await untilEmpty(listFiles) };
}

/** The agents' own mounts of their pools stay for as long as the pools are open. */
async function listMounts({ machine }: NfsNode, directory: string): Promise<readonly string[]> {
  const lines = toLines(await machine.run(['cat', '/proc/self/mounts']));
  const points = lines.map((line) => line.split(' ')[1] ?? '');
  const isLeft = (point: string): boolean =>
    point.startsWith(`${directory}/pods/`) ||
    (point.startsWith(`${directory}/nodes/`) && point.includes('/data-'));
  return points.filter(isLeft).map((point) => `${machine.hostName}: ${point}`);
}

async function untilEmpty(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const giveUpAt = performance.now() + EMPTY_WITHIN_MS;
  for (;;) {
    const found = await list();
    if (found.length === 0 || performance.now() > giveUpAt) return found;
    await sleep(100);
  }
}

function toLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
