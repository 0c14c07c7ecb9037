import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRemoteContent } from '../../src/agent/content-client.ts';
import { createTicket } from '../../src/agent/tickets.ts';
import type { ContentOrigin, ContentTarget } from '../../src/filestore/content/content.ts';
import { isErrno } from '../../src/host/errno.ts';
import { AGENT_TLS_NAME, type TlsSource } from '../../src/rpc/tls.ts';
import { connectStream } from '../../src/rpc/tls-stream.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { createContentPath } from '../support/content-path.ts';
import { connectPeer } from '../support/content-peer.ts';
import { openTlsWay, type TlsWay } from '../support/content-way.ts';
import { skipsRootTests } from '../support/scratch.ts';
import { createTestAuthority, createTestTls } from '../support/tls.ts';

const TARGET: ContentTarget = { nodeName: 'node-2', poolId: 'bbbbbbbb', volumeName: 'pvc-1' };

describe.skipIf(skipsRootTests())('content of an agent', () => {
  const signal = AbortSignal.timeout(300_000);
  let fixture: LocalStoreFixture;
  let way: TlsWay;
  let snapshotId: string;
  beforeAll(async () => {
    fixture = await makeLocalStore({ type: 'xfs', sizeBytes: 1024 * MiB });
    way = await openTlsWay(() => fixture.store);
    const request = toRequest('source', {
      accessType: 'block',
      range: { requiredBytes: 128 * MiB, limitBytes: undefined },
    });
    const { id } = await fixture.store.createVolume(request, signal);
    const { path } = await fixture.store.locate({ id }, signal);
    {
      await using file = await open(path, 'r+');
      await file.write(Buffer.alloc(96 * MiB, createHash('sha512').update('x').digest()));
      await file.sync();
    }
    snapshotId = (await fixture.store.createSnapshot({ name: 'cut', sourceVolumeId: id }, signal)).id;
  });
  afterAll(async () => {
    await way?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
  });

  const getSource = () => ({ kind: 'snapshot', id: snapshotId }) as const;
  const getOrigin = (changes: Partial<ContentTarget> = {}): ContentOrigin =>
    way.origins.createOrigin({
      source: getSource(),
      from: { nodeName: 'node-1', poolId: fixture.store.poolId },
      target: { ...TARGET, ...changes },
    });
  const openAs = (tls: TlsSource, origin: ContentOrigin) =>
    createRemoteContent((to, own) => connectStream(to, tls, own)).openContent(
      { source: getSource(), target: TARGET, origin },
      signal,
    );

  it('is handed out to an agent with a ticket', async () => {
    await using content = await openAs(way.tls.agent, getOrigin());

    expect(content.facts).toMatchObject({ tag: snapshotId, capacityBytes: 128 * MiB });
  });

  it('is refused for a ticket that is for another volume, pool or node, and that is counted', async () => {
    for (const changes of [{ volumeName: 'pvc-2' }, { poolId: 'cccccccc' }, { nodeName: 'node-3' }]) {
      const before = way.refusals.length;
      await expect(openAs(way.tls.agent, getOrigin(changes))).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      });
      expect(way.refusals).toHaveLength(before + 1);
    }
  });

  it('is refused for a ticket that is for another node than this', async () => {
    const { poolId } = fixture.store;
    const ticket = createTicket(
      {
        source: { nodeName: 'node-9', poolId, ...getSource() },
        target: TARGET,
        expiresAt: Date.now() + 60_000,
      },
      way.tls.controller.current(),
    );

    const opening = openAs(way.tls.agent, { ...getOrigin(), nodeName: 'node-9', ticket });

    await expect(opening).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('is refused without a good ticket', async () => {
    await expect(openAs(way.tls.agent, { ...getOrigin(), ticket: 'nonsense' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('is for agents only, and of this cluster', async () => {
    const stranger = createTestTls(
      await (await createTestAuthority()).material(AGENT_TLS_NAME, { trusted: [way.tls.authority] }),
    );
    for (const tls of [way.tls.controller, stranger]) {
      const before = way.turnedAway.length;
      await expect(openAs(tls, getOrigin())).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
      await expect.poll(() => way.turnedAway.length).toBe(before + 1);
    }
    expect(way.turnedAway.map(({ reason }) => reason)).toEqual(['wrong-name', 'untrusted']);
  });

  it('is not believed when it comes from a program that is no agent', async () => {
    const lonely = createTestTls(await (await createTestAuthority()).material(AGENT_TLS_NAME));

    await expect(openAs(lonely, getOrigin())).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('is not sent faster than it is read', async () => {
    await using content = await openAs(way.tls.agent, getOrigin());
    const reading = content.read(0, signal)[Symbol.asyncIterator]();
    await reading.next();
    let before = -1;
    const measure = (): number => process.memoryUsage().arrayBuffers;
    const start = measure();
    await expect
      .poll(
        () => {
          const now = measure();
          const isStill = now === before;
          before = now;
          return isStill;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);

    // Both ends are in this process: far less than the 96 MiB that there are.
    expect(measure() - start).toBeLessThan(32 * MiB);
    await reading.return?.();
  });

  describe('that has little room for readers', () => {
    const LIMITS = { openWithinMs: 100, maxUndecided: 2, maxReaders: 1 };
    let narrow: TlsWay;
    beforeAll(async () => {
      narrow = await openTlsWay(() => fixture.store, LIMITS);
    });
    afterAll(async () => await narrow?.[Symbol.asyncDispose]());
    const openNarrow = async () => {
      const origin = narrow.origins.createOrigin({
        source: getSource(),
        from: { nodeName: 'node-1', poolId: fixture.store.poolId },
        target: TARGET,
      });
      return await narrow.sources.openContent({ source: getSource(), target: TARGET, origin }, signal);
    };

    it('tells one too many to ask again, until another one is done', async () => {
      {
        await using _first = await openNarrow();
        await expect(openNarrow()).rejects.toMatchObject({
          code: 'OPERATION_PENDING',
          message: expect.stringMatching(/node-1 hands out content to 1 readers.*ask again/),
        });
      }
      await expect.poll(async () => await openNarrow().then(endAll, String)).toBe('open');
    });

    it('disconnects whoever says nothing', async () => {
      using peer = await connectPeer(narrow.address, narrow.tls.agent.current());

      expect(await peer.next().catch(() => undefined)).toBeUndefined();
      await expect.poll(async () => await openNarrow().then(endAll, String)).toBe('open');
    });
  });

  it('says a sentence when nobody listens', async () => {
    const origin = { ...getOrigin(), address: '127.0.0.1:1' };

    await expect(openAs(way.tls.agent, origin)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1 cannot be reached'),
    });
  });

  it('that does not fit into the disk of its target leaves nothing there', async () => {
    const contents = createContentPath(way.sources);
    await using small = await makeLocalStore({ type: 'xfs', sizeBytes: 320 * MiB }, { contents });
    // There is room when the copy begins, and none any more in the middle of it.
    contents.mischief = {
      async onPart(part, count) {
        if (count === 8) await fillDisk(join(small.scratch.path, 'ballast'));
        return part;
      },
    };
    const target = { nodeName: 'node-1', poolId: small.store.poolId, volumeName: 'too-large' };
    const origin = way.origins.createOrigin({
      source: getSource(),
      from: { nodeName: 'node-1', poolId: fixture.store.poolId },
      target,
    });
    const request = toRequest('too-large', {
      accessType: 'block',
      range: { requiredBytes: 128 * MiB, limitBytes: undefined },
      source: getSource(),
      origin,
    });

    await expect(small.store.createVolume(request, signal)).rejects.toMatchObject({ code: 'NO_ROOM' });

    expect(await readdir(small.paths.staging)).toEqual([]);
    expect(await readdir(small.paths.volumes)).toEqual([]);
  });

  it('of a tree is not read on when the disk of its target is full', async () => {
    const request = toRequest('tree', {
      layout: 'directory',
      quota: 'none',
      range: { requiredBytes: 16 * MiB, limitBytes: undefined },
    });
    const { id } = await fixture.store.createVolume(request, signal);
    const { path } = await fixture.store.locate({ id }, signal);
    const noise = createHash('sha512').update('y').digest();
    for (const name of ['first', 'second', 'third']) {
      await writeFile(join(path, name), Buffer.alloc(64 * MiB, noise), { flush: true });
    }
    const contents = createContentPath(way.sources);
    await using small = await makeLocalStore({ type: 'xfs', sizeBytes: 320 * MiB }, { contents });
    let parts = 0;
    contents.mischief = {
      async onPart(part, count) {
        parts = count;
        if (count === 8) await fillDisk(join(small.scratch.path, 'ballast'));
        return part;
      },
    };
    const source = { kind: 'volume', id } as const;
    const target = { nodeName: 'node-1', poolId: small.store.poolId, volumeName: 'copy' };
    const from = { nodeName: 'node-1', poolId: fixture.store.poolId };
    const origin = way.origins.createOrigin({ source, from, target });

    const copying = small.store.createVolume({ ...request, name: 'copy', source, origin }, signal);

    await expect(copying).rejects.toMatchObject({
      code: 'NO_ROOM',
      message: expect.stringMatching(/no room.*Remove volumes or snapshots/s),
    });
    expect(parts).toBeLessThan(64);
    expect(await readdir(small.paths.volumes)).toEqual([]);
  });
});

async function endAll(content: AsyncDisposable): Promise<string> {
  await content[Symbol.asyncDispose]();
  return 'open';
}

async function fillDisk(path: string): Promise<void> {
  await using file = await open(path, 'wx');
  for (const length of [16 * MiB, 64 * 1024, 4096]) {
    while (await hasWritten(file, length));
  }
  await file.sync();
}

async function hasWritten(file: FileHandle, length: number): Promise<boolean> {
  try {
    await file.writeFile(Buffer.alloc(length, 1));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) return false;
    throw error;
  }
}
