import { expect, test } from 'vitest';
import { alwaysHeld } from '../base/lease.ts';
import { silentLogger } from '../observability/logger.ts';
import { Background } from './background.ts';
import { watchOrphans } from './watch-orphans.ts';

test('the volumes of each driver are looked for among those that the cluster knows of it', async () => {
  const background = new Background(silentLogger);
  const asked: string[] = [];
  const all = Promise.withResolvers<void>();
  const cluster = {
    async listHandles(driver: string) {
      asked.push(driver);
      if (asked.length === 2) all.resolve();
      return await Promise.resolve(new Set<string>());
    },
    tellOfPool: async () => await Promise.resolve(),
  };
  const stores = { list: () => [] };
  const drivers = ['d1', 'd2'].map((driver) => ({ driver, stores }));

  const orphans = watchOrphans({ background, lease: alwaysHeld, cluster }, drivers, silentLogger);
  expect(asked).toEqual([]);
  orphans.start();
  await all.promise;
  await background.close();

  expect(asked.toSorted()).toEqual(['d1', 'd2']);
  expect(orphans.count()).toBe(0);
});
