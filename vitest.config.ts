import { defineConfig } from 'vitest/config';

/** For effects that a test waits for: by default it would be a second, which a busy machine may need to wake somebody up. */
const POLLING = { expect: { poll: { timeout: 30_000 } } } as const;

/** Tiers of the test pyramid; which need root is said in CONTRIBUTING.md. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/architecture/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          ...POLLING,
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          // More than what is waited for in it.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...POLLING,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...POLLING,
          name: 'smoke',
          include: ['test/smoke/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'sanity',
          include: ['test/sanity/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'charts',
          include: ['test/charts/**/*.test.ts'],
          testTimeout: 60_000,
          // helm may have to be built first.
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'uml',
          include: ['test/uml/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/global-setup.ts'],
          // Most of the time they wait for Kubernetes.
          maxConcurrency: 3,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
