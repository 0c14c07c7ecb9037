import { defineConfig } from 'vitest/config';

/**
 * What vitest runs inside a guest: everything in one process, since starting one is what is slow there. The suites are
 * named *.guest.ts so that no project of the host takes them for its own.
 */
export default defineConfig({
  cacheDir: '/tmp/vite',
  test: {
    // Which folder, its caller says with --dir.
    include: ['**/*.guest.ts'],
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['json'],
  },
});
