import { resolve } from 'node:path';

/** The program as it is shipped (`make build`), and how it is started. */
export const BUNDLED_PROGRAM: readonly string[] = [
  process.execPath,
  resolve(import.meta.dirname, '../dist/stowage.js'),
];
