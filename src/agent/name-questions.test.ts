import { describe, expect, it } from 'vitest';
import { toRequest } from '../../test/contract/file-store.ts';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { connectTo, startTestAgent } from '../../test/support/remote-store.ts';
import { DriverError } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { FindByNamesRequest } from '../gen/stowage/agent/v1/FindByNamesRequest.ts';
import type { NameAnswer__Output } from '../gen/stowage/agent/v1/NameAnswer.ts';
import { createNameQuestions } from './name-questions.ts';

const signal = AbortSignal.timeout(60_000);
const [ONE, TWO] = ['aaaaaaaa', 'bbbbbbbb'] as const;

/** The verb alone: what it was asked, and answers when a test gives them. */
function createAgent(answers: readonly NameAnswer__Output[] = []) {
  const asked: FindByNamesRequest[] = [];
  const replies: PromiseWithResolvers<void>[] = [];
  const names = createNameQuestions({
    FindByNames: async (request) => {
      asked.push(request);
      const reply = Promise.withResolvers<void>();
      replies.push(reply);
      await reply.promise;
      return { answers: (request.questions ?? []).map((_, index) => answers[index] ?? {}) };
    },
  });
  return { asked, names, reply: (index: number) => replies[index]?.resolve() };
}

/** A real agent with two pools, and its stores as a controller has them. */
async function startScene(change: (store: FileStore) => FileStore) {
  await using undo = new AsyncDisposableStack();
  const locals = [ONE, TWO].map((poolId) => createFakeFileStore({ poolId }));
  const agent = undo.use(
    await startTestAgent({
      stores: {
        list: () =>
          locals.map((store) => {
            const { poolId } = store;
            const state = { store: poolId === ONE ? change(store) : store };
            return { poolName: poolId, nodeName: 'node-1', poolId, state };
          }),
      },
    }),
  );
  const connection = undo.use(connectTo(agent));
  await connection.describe(signal);
  const [changed, other] = locals.map(({ poolId, abilities }) =>
    connection.createStore({ poolId, abilities }),
  );
  if (changed === undefined || other === undefined) throw new Error('there are two');
  await other.createVolume(toRequest('pvc-1'), signal);
  const owned = undo.move();
  return { changed, other, connection, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('questions for names', () => {
  it('of all pools of an agent go together while one is under way, and one alone at once', async () => {
    const { asked, names, reply } = createAgent();

    const first = names.findVolume({ poolId: ONE, name: 'a' }, signal);
    await Promise.resolve();
    const others = [
      names.findVolume({ poolId: TWO, name: 'b' }, signal),
      names.findSnapshot({ poolId: ONE, name: 'c' }, signal),
    ];
    reply(0);
    await first;
    await new Promise(setImmediate);
    reply(1);

    expect(await Promise.all([first, ...others])).toEqual([undefined, undefined, undefined]);
    expect(asked).toEqual([
      { questions: [{ poolId: ONE, volumeName: 'a' }] },
      {
        questions: [
          { poolId: TWO, volumeName: 'b' },
          { poolId: ONE, snapshotName: 'c' },
        ],
      },
    ]);
  });

  it.each<[string, NameAnswer__Output]>([
    ['a code that is not known here', { answer: 'failure', failure: { code: 'NEW_CODE', message: 'New.' } }],
    ['nothing that is known here', { answer: 'volume', volume: null }],
  ])('are not answered by %s', async (_, answer) => {
    const { names, reply } = createAgent([answer]);
    const found = names.findVolume({ poolId: ONE, name: 'a' }, signal);
    await Promise.resolve();
    reply(0);

    await expect(found).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('are answered with what has the name', async () => {
    await using scene = await startScene((store) => store);
    const volume = await scene.changed.createVolume(toRequest('pvc-2'), signal);
    const snapshot = await scene.changed.createSnapshot({ name: 's', sourceVolumeId: volume.id }, signal);

    const found = await Promise.all([
      scene.changed.findVolumeByName({ name: 'pvc-2' }, signal),
      scene.changed.findSnapshotByName({ name: 's' }, signal),
      scene.changed.findVolumeByName({ name: 's' }, signal),
      scene.other.findVolumeByName({ name: 'pvc-2' }, signal),
    ]);

    expect(found).toEqual([volume, snapshot, undefined, undefined]);
  });

  it.each<[string, FileStore['findVolumeByName'], object]>([
    [
      'fails',
      () => Promise.reject(new DriverError('POOL_UNAVAILABLE', 'Its disk is gone.')),
      { code: 'POOL_UNAVAILABLE', message: 'Its disk is gone.' },
    ],
    [
      'fails unexpectedly',
      () => Promise.reject(new Error('open /secret/path: EIO')),
      { code: 'INTERNAL', message: 'The driver failed unexpectedly; its log tells more.' },
    ],
    [
      'does not answer in two seconds',
      () => new Promise(() => undefined),
      {
        code: 'POOL_UNAVAILABLE',
        message: `Pool ${ONE} did not look up a name within 2000 ms: ask again.`,
      },
    ],
  ])('about a pool that %s fail alone', async (_, findVolumeByName, failure) => {
    await using scene = await startScene((store) => ({ ...store, findVolumeByName }));

    const [failed, found] = await Promise.allSettled([
      scene.changed.findVolumeByName({ name: 'pvc-1' }, signal),
      scene.other.findVolumeByName({ name: 'pvc-1' }, signal),
    ]);

    expect(failed).toMatchObject({ status: 'rejected', reason: failure });
    expect(found).toMatchObject({ status: 'fulfilled', value: { name: 'pvc-1' } });
  });

  it('about a pool that the node does not have fail alone', async () => {
    await using scene = await startScene((store) => store);
    const { abilities } = scene.other;
    const stranger = scene.connection.createStore({ poolId: 'ccccdddd', abilities });

    const [failed, found] = await Promise.allSettled([
      stranger.findVolumeByName({ name: 'pvc-1' }, signal),
      scene.other.findVolumeByName({ name: 'pvc-1' }, signal),
    ]);

    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'POOL_UNAVAILABLE' } });
    expect(found).toMatchObject({ status: 'fulfilled', value: { name: 'pvc-1' } });
  });
});
