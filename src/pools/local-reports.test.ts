import { expect, it } from 'vitest';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { DriverError } from '../domain/errors.ts';
import { createLocalReports } from './local-reports.ts';

it('a program that has its pools itself says of them what a node would, with the room that they had last', async () => {
  const store = createFakeFileStore({ poolId: 'aaaaaaaa', totalBytes: 1000 });
  const reports = createLocalReports({
    driver: 'd',
    nodeName: 'node-1',
    stores: {
      list: () => [
        { poolName: 'ssd', nodeName: 'node-1', poolId: 'aaaaaaaa', state: { store } },
        {
          poolName: 'hdd',
          nodeName: 'node-1',
          poolId: undefined,
          state: { unavailable: 'It is not mounted.' },
        },
      ],
    },
    settingsOf: () => ({ releaseAfterSeconds: 60 }),
  });
  const list = () => reports.list()[0]?.pools;
  const settings = { releaseAfterSeconds: 60 };
  const closed = { name: 'hdd', poolId: undefined, driver: 'd', state: { kind: 'unavailable' }, settings };

  expect(list()).toMatchObject([{ name: 'ssd', state: { kind: 'open', room: undefined } }, closed]);
  await expect.poll(list).toMatchObject([{ state: { room: { totalBytes: 1000 } } }, closed]);
  store.failWith(new DriverError('POOL_UNAVAILABLE', 'It hangs.'));
  list();
  await Promise.resolve();
  expect(list()).toMatchObject([{ state: { room: { totalBytes: 1000 } } }, closed]);
});
