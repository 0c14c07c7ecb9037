import { fileURLToPath } from 'node:url';

/** The program of a pool's worker: a source file beside this one, or an entry of the bundle beside the first. */
export function getPoolWorkerPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./pool-worker.${extension}`, import.meta.url));
}
