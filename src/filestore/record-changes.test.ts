import { untilDone } from '../../test/contract/file-store.ts';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFastClock } from '../../test/support/fast-clock.ts';
import { createLossyFiles } from '../../test/support/lossy-files.ts';
import { hashOf, toVolumeRecord } from '../../test/support/volume-record.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { silentLogger } from '../observability/logger.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import { createSharedChanges, type RecordChange, type RecordChanges } from './record-changes.ts';
import type { VolumeRecord } from './records.ts';
import type { StepHook } from './store-context.ts';
import { nodeFiles, type StoreFiles } from './store-files.ts';

const signal = AbortSignal.timeout(20_000);
const addOne: RecordChange = (record) => ({ ...record, capacityBytes: record.capacityBytes + 1 });

/** A change that stops the first time that it is asked for, until it is let go on. */
function pauseIn(change: RecordChange): { change: RecordChange; reached: Promise<void>; goOn: () => void } {
  const [reached, wait] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  return {
    reached: reached.promise,
    goOn: wait.resolve,
    async change(record) {
      reached.resolve();
      await wait.promise;
      return await change(record);
    },
  };
}

describe('a record that several programs change', () => {
  let paths: StorePaths;
  beforeEach(async () => {
    paths = createStorePaths(await mkdtemp(join(tmpdir(), 'stowage-changes-')));
    for (const path of [paths.staging, paths.leases, paths.volumes, paths.trash])
      await mkdir(path, { recursive: true });
  });
  afterEach(async () => await rm(paths.root, { recursive: true, force: true }));

  function createWorker(
    nodeName: string,
    { files = nodeFiles, ...rest }: { files?: StoreFiles; clock?: Clock; onStep?: StepHook } = {},
  ): RecordChanges {
    return createSharedChanges({
      paths,
      nodeName,
      files,
      clock: createFastClock({ factor: 200 }),
      logger: silentLogger,
      volumes: { put: () => undefined },
      poolName: 'p',
      onStep: () => undefined,
      ...rest,
    });
  }

  async function store(record: VolumeRecord): Promise<VolumeRecord> {
    const directory = paths.objectDirectory('volume', hashOf(record));
    await mkdir(directory);
    await writeFile(join(directory, 'volume.json'), JSON.stringify(record));
    return record;
  }

  async function read(record: VolumeRecord): Promise<unknown> {
    const path = join(paths.objectDirectory('volume', hashOf(record)), 'volume.json');
    return JSON.parse(await readFile(path, 'utf8'));
  }

  async function expectNothingLeft(): Promise<void> {
    expect([await readdir(paths.leases), await readdir(paths.staging)]).toEqual([[], []]);
  }

  it('loses no change of any of them', async () => {
    const volume = await store(toVolumeRecord('a'));
    const work = async (worker: RecordChanges): Promise<void> => {
      for (let count = 0; count < 10; count += 1) {
        // On a busy machine one may find the others at it each time that it looks, and is told to ask again.
        await untilDone(() => worker.apply(volume, addOne, signal));
      }
    };

    await Promise.all([work(createWorker('one')), work(createWorker('two')), work(createWorker('three'))]);

    expect(await read(volume)).toEqual({ ...volume, capacityBytes: 1030 });
    await expectNothingLeft();
  });

  it('is changed once for each call when every answer is lost', async () => {
    const volume = await store(toVolumeRecord('a'));
    const worker = createWorker('one', { files: createLossyFiles(() => 'answer-lost') });
    const raise: RecordChange = (record) =>
      record.capacityBytes >= 2000 ? undefined : { ...record, capacityBytes: 2000 };

    const raised = await worker.apply(volume, raise, signal);

    expect(raised).toEqual({ ...volume, capacityBytes: 2000 });
    expect(await read(volume)).toEqual(raised);
    await expectNothingLeft();
  });

  it('is taken over from one that has stopped in the middle, which cannot undo anything when it goes on', async () => {
    const volume = await store(toVolumeRecord('a'));
    const [first, second] = [pauseIn(addOne), pauseIn(addOne)];
    const tried = Promise.withResolvers<void>();
    const onStep = (step: string): void => {
      if (step === 'record-replaced') tried.resolve();
    };
    const slow = createWorker('slow', { clock: systemClock, onStep }).apply(volume, first.change, signal);
    await first.reached;
    const other = createWorker('other').apply(volume, second.change, signal);
    await second.reached;

    first.goOn();
    await tried.promise;
    second.goOn();

    expect(await other).toMatchObject({ capacityBytes: 1001 });
    expect(await slow).toMatchObject({ capacityBytes: 1002 });
    expect(await read(volume)).toMatchObject({ capacityBytes: 1002 });
    await expectNothingLeft();
  });

  it('is not that of a volume that got the name meanwhile', async () => {
    const volume = await store(toVolumeRecord('a'));
    const successor = toVolumeRecord('a');
    const change: RecordChange = async (record) => {
      await rename(paths.objectDirectory('volume', hashOf(volume)), join(paths.trash, 'a'));
      await store(successor);
      return await addOne(record);
    };

    await createWorker('one').apply(volume, change, signal);

    expect(await read(successor)).toEqual(successor);
  });

  it('is looked for: what is gone, or of another generation, is not changed', async () => {
    const gone = toVolumeRecord('gone');
    const replaced = toVolumeRecord('a');
    await store(toVolumeRecord('a'));

    for (const volume of [gone, replaced]) {
      await expect(createWorker('one').apply(volume, addOne, signal)).rejects.toMatchObject({
        code: 'VOLUME_NOT_FOUND',
      });
    }
    await expectNothingLeft();
  });

  it('shows what a change failed with when the lease cannot be given back either', async () => {
    const volume = await store(toVolumeRecord('a'));
    const files = { ...nodeFiles, removeDirectory: () => Promise.reject(new Error('no answer')) };
    const fail: RecordChange = () => {
      throw new Error('no room');
    };

    await expect(createWorker('one', { files }).apply(volume, fail, signal)).rejects.toThrow(/^no room$/);
    expect(await createWorker('two').apply(volume, addOne, signal)).toMatchObject({ capacityBytes: 1001 });
  });

  it('is free again when a change fails', async () => {
    const volume = await store(toVolumeRecord('a'));
    const fail: RecordChange = () => {
      throw new Error('no room');
    };

    await expect(createWorker('one').apply(volume, fail, signal)).rejects.toThrow('no room');

    await expectNothingLeft();
    expect(await createWorker('two').apply(volume, addOne, signal)).toMatchObject({ capacityBytes: 1001 });
  });
});
