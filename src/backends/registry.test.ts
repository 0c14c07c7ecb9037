import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { backends } from './registry.ts';

/** Folders that are not backends but what several of them share. */
const SHARED = ['file'];

test('every folder of a backend has its line in the registry', async () => {
  const entries = await readdir(import.meta.dirname, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !SHARED.includes(entry.name));

  expect(backends.map(({ name }) => name).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});
