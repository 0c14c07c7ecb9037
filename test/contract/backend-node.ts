import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessMode } from '../../src/domain/access.ts';
import type { BackendFixture, BackendVariant } from './backend.ts';
import type { Calls } from './backend-volumes.ts';
import { FOREIGN_IDS, signal, takeDown, toCalls, toCreateOptions, untilDone } from './backend-volumes.ts';

const SEVERAL_NODES: readonly AccessMode[] = ['MULTI_NODE_SINGLE_WRITER', 'MULTI_NODE_MULTI_WRITER'];

/** The node half's part of the contract. */
export function describeNodeBackend(variant: BackendVariant): void {
  const { isShared = false } = variant;
  describe('node', () => {
    let fixture: BackendFixture;
    beforeAll(async () => {
      fixture = await variant.setup();
    });
    afterAll(async () => await fixture[Symbol.asyncDispose]());
    const prepare = async (mode?: AccessMode): Promise<Calls> => {
      const volume = await fixture.controller.createVolume(toCreateOptions(variant), signal);
      return await toCalls(fixture.directory, volume, variant, mode);
    };

    test('every call may be repeated, up and down', async () => {
      const calls = await prepare();
      const { node } = fixture;

      for (let round = 0; round < 2; round += 1) {
        await node.stage(calls.stage, signal);
        await node.stage(calls.stage, signal);
        await node.publish(calls.publish, signal);
        await node.publish(calls.publish, signal);
        await node.unpublish(calls.publish, signal);
        await node.unpublish(calls.publish, signal);
        await untilDone(() => node.unstage(calls.stage, signal));
        await node.unstage(calls.stage, signal);
      }

      await expect(stat(calls.publish.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
      await takeDown(fixture, calls);
    });

    test('identical calls at the same time both succeed', async () => {
      const calls = await prepare();
      const { node } = fixture;

      await Promise.all([1, 2, 3].map(async () => await node.stage(calls.stage, signal)));
      await Promise.all([1, 2, 3].map(async () => await node.publish(calls.publish, signal)));

      await node.unpublish(calls.publish, signal);
      await untilDone(() => node.unstage(calls.stage, signal));
      // One of each was enough, so one of each takes it down wholly.
      await expect(
        untilDone(() => fixture.controller.deleteVolume(calls.stage, signal)),
      ).resolves.toBeUndefined();
    });

    test('of two publishes at the same time that contradict each other one wins', async () => {
      const calls = await prepare();
      await fixture.node.stage(calls.stage, signal);

      const outcomes = await Promise.allSettled(
        [true, false].map(
          async (readOnly) => await fixture.node.publish({ ...calls.publish, readOnly }, signal),
        ),
      );

      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'PUBLISH_INCOMPATIBLE' },
      });
      await takeDown(fixture, calls);
    });

    test('a restart of the program forgets nothing', async () => {
      const calls = await prepare();
      await fixture.node.stage(calls.stage, signal);
      await fixture.node.publish(calls.publish, signal);

      const { node, controller } = await fixture.restart();

      await node.stage(calls.stage, signal);
      await node.publish(calls.publish, signal);
      await expect(node.publish({ ...calls.publish, readOnly: true }, signal)).rejects.toMatchObject({
        code: 'PUBLISH_INCOMPATIBLE',
      });
      await expect(controller.deleteVolume(calls.stage, signal)).rejects.toMatchObject({
        code: 'VOLUME_IN_USE',
      });
      await takeDown({ node, controller }, calls);
    });

    test('a volume in use is not deleted', async () => {
      const calls = await prepare();
      await fixture.node.stage(calls.stage, signal);

      await expect(fixture.controller.deleteVolume(calls.stage, signal)).rejects.toMatchObject({
        code: 'VOLUME_IN_USE',
      });

      await takeDown(fixture, calls);
    });

    test('publishing needs a stage', async () => {
      const calls = await prepare();

      await expect(fixture.node.publish(calls.publish, signal)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });

      await expect(stat(calls.publish.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
      await takeDown(fixture, calls);
    });

    test('the same target with other arguments is incompatible', async () => {
      const calls = await prepare();
      await fixture.node.stage(calls.stage, signal);
      await fixture.node.publish({ ...calls.publish, readOnly: true }, signal);

      await expect(fixture.node.publish(calls.publish, signal)).rejects.toMatchObject({
        code: 'PUBLISH_INCOMPATIBLE',
      });

      await takeDown(fixture, calls);
    });

    test.each<AccessMode>(['SINGLE_NODE_MULTI_WRITER', 'SINGLE_NODE_WRITER', 'MULTI_NODE_READER_ONLY'])(
      'mode %s allows a second target on the node',
      async (mode) => {
        const calls = await prepare(mode);
        const second = { ...calls.publish, targetPath: `${calls.publish.targetPath}-2` };
        await fixture.node.stage(calls.stage, signal);
        await fixture.node.publish(calls.publish, signal);

        await expect(fixture.node.publish(second, signal)).resolves.toBeUndefined();

        await fixture.node.unpublish(second, signal);
        await takeDown(fixture, calls);
      },
    );

    test('SINGLE_NODE_SINGLE_WRITER does not allow a second target', async () => {
      const calls = await prepare('SINGLE_NODE_SINGLE_WRITER');
      const second = { ...calls.publish, targetPath: `${calls.publish.targetPath}-2` };
      await fixture.node.stage(calls.stage, signal);
      await fixture.node.publish(calls.publish, signal);

      await expect(fixture.node.publish(second, signal)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });

      await expect(stat(second.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
      await takeDown(fixture, calls);
    });

    test.each<AccessMode>(isShared ? SEVERAL_NODES : [])(
      'mode %s is fine for a shared volume',
      async (mode) => {
        const calls = await prepare(mode);

        await expect(fixture.node.stage(calls.stage, signal)).resolves.toBeUndefined();
        await expect(fixture.node.publish(calls.publish, signal)).resolves.toBeUndefined();

        await takeDown(fixture, calls);
      },
    );

    test.each<AccessMode>(isShared ? [] : SEVERAL_NODES)(
      'mode %s is more than a volume of one node can do',
      async (mode) => {
        const calls = await prepare(mode);

        await expect(fixture.node.stage(calls.stage, signal)).rejects.toMatchObject({
          code: 'PRECONDITION_FAILED',
        });

        await takeDown(fixture, calls);
      },
    );

    test('statistics are those of the volume, at its paths only', async () => {
      const calls = await prepare();
      await fixture.node.stage(calls.stage, signal);
      await fixture.node.publish(calls.publish, signal);
      const { volumeId } = calls.stage;
      const measure = async (volumePath: string) =>
        await fixture.node.getStats({ volumeId, volumePath }, signal);

      const stats = await measure(calls.publish.targetPath);

      expect(stats.bytes.total).toBeGreaterThan(0);
      for (const path of ['some/path', '/', fixture.directory, join(calls.publish.targetPath, 'x'), '\0']) {
        await expect(measure(path)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });
      }
      await takeDown(fixture, calls);
    });

    // Where storage is shared, nodes do not know which volumes there are.
    test.each(isShared ? [] : FOREIGN_IDS)('id %j is unknown, not malformed', async (volumeId) => {
      const calls = await prepare();
      const { node } = fixture;
      const notFound = { code: 'VOLUME_NOT_FOUND' };

      await expect(node.stage({ ...calls.stage, volumeId }, signal)).rejects.toMatchObject(notFound);
      await expect(node.publish({ ...calls.publish, volumeId }, signal)).rejects.toMatchObject(notFound);
      const atPath = { volumeId, volumePath: 'some/path' };
      await expect(node.getStats(atPath, signal)).rejects.toMatchObject(notFound);
      await expect(
        node.expand?.({ ...atPath, range: undefined, access: undefined }, signal),
      ).rejects.toMatchObject(notFound);
      await expect(
        node.health?.getVolumeHealth({ volumeId, publishPath: undefined, stagingPath: undefined }, signal),
      ).rejects.toMatchObject(notFound);
      await expect(node.unpublish({ ...calls.publish, volumeId }, signal)).resolves.toBeUndefined();
      await expect(node.unstage({ ...calls.stage, volumeId }, signal)).resolves.toBeUndefined();
      await takeDown(fixture, calls);
    });

    test('a published volume is healthy; one that should be published and is not, is not', async () => {
      const calls = await prepare();
      const { stagingPath, targetPath, volumeId } = calls.publish;
      const examine = async () =>
        await fixture.node.health?.getVolumeHealth(
          { volumeId, publishPath: targetPath, stagingPath },
          signal,
        );
      await fixture.node.stage(calls.stage, signal);

      const before = await examine();
      await fixture.node.publish(calls.publish, signal);
      const after = await examine();

      expect(before?.statuses).toMatchObject([{ status: 'INACCESSIBLE', reason: 'NotMounted' }]);
      expect(after).toEqual({ volumeId, statuses: [] });
      await expect(fixture.node.health?.getStorageHealth(signal)).resolves.toEqual([]);
      await takeDown(fixture, calls);
    });
  });
}
