import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

async function readLockfile(): Promise<z.infer<typeof Lockfile>['packages']> {
  const text = await readFile(resolve(import.meta.dirname, '../../package-lock.json'), 'utf8');
  return Lockfile.parse(JSON.parse(text)).packages;
}

it('the lockfile has every optional package, so that npm ci works whichever of them a registry has', async () => {
  const packages = await readLockfile();

  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => packages[`node_modules/${name}`]?.version === undefined);

  expect(missing).toEqual([]);
});

it('the lockfile names no registry', async () => {
  const packages = await readLockfile();

  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
