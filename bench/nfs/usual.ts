import { join } from 'node:path';
import type { Machine } from '../../test/support/nfs/machine.ts';
import { type Samples, summarize } from '../samples.ts';

const SCRIPT = join(import.meta.dirname, 'mount-per-volume.sh');
const DEADLINE_MS = 300_000;

/** What the rows call it. */
export const USUAL = 'a mount per call';

/** Lives of volumes done the usual way. */
export interface UsualLives {
  readonly create: Samples;
  /** Mounting and unmounting. */
  readonly publish: Samples;
  readonly perSecond: number;
}

/** Takes volumes through their lives with so many clients at once, each a process of its own. */
export async function measureUsual(
  machine: Machine,
  where: { readonly source: string; readonly directory: string },
  { clients, lives }: { readonly clients: number; readonly lives: number },
): Promise<UsualLives> {
  const startedAt = performance.now();
  const texts = await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const words = ['bash', SCRIPT, where.source, where.directory, `usual-${client}`, `${lives}`];
      return await machine.run(words, { deadlineMs: DEADLINE_MS });
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const lines = texts.flatMap((text) => text.split('\n'));
  const listMs = (what: string): readonly number[] =>
    lines.filter((line) => line.startsWith(`${what} `)).map((line) => Number(line.split(' ')[1]) / 1000);
  return {
    create: summarize(listMs('create')),
    publish: summarize(listMs('publish')),
    perSecond: (clients * lives) / seconds,
  };
}
