import { createHash } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRAME_TYPES } from '../../src/agent/content-wire.ts';
import { type ContentTicket, createTicket } from '../../src/agent/tickets.ts';
import { parseObjectId } from '../../src/domain/ids.ts';
import type { TlsMaterial } from '../../src/rpc/tls.ts';
import { connectPeer, type ContentPeer, readTls } from '../support/content-peer.ts';
import { toOutcome } from '../support/csi-clients.ts';
import { type Claim, createKubelet, type Kubelet } from '../support/kubelet.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type NodeMember, type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const SIZE_BYTES = 64 * MIB;
const HOUR_MS = 3_600_000;
/** More than an agent has room for. */
const MANY = 300;

const CLAIM: Claim = { sizeBytes: SIZE_BYTES, parameters: { pool: 'fast' }, use: 'block' };

/** What was read: where it began, and the digest that came at the end. */
interface Reading {
  readonly positions: readonly number[];
  readonly digest: string | undefined;
}

describe.skipIf(skipsRootTests())('the content port of an agent', () => {
  let disk: ScratchFilesystem;
  let cluster: SplitCluster;
  let agent: TlsMaterial;
  let controllerTls: TlsMaterial;
  let kubelet: Kubelet;
  let volumeId: string;
  let snapshotId: string;
  let poolId: string;

  beforeAll(async () => {
    disk = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 1024 * MIB });
    const path = join(disk.path, 'pool');
    await mkdir(path);
    const directory = join(disk.path, 'cluster');
    cluster = await startSplitCluster({
      directory,
      nodes: [{ name: 'node-a', pools: [{ name: 'fast', path }] }],
    });
    agent = await readTls(join(directory, 'tls/node'));
    controllerTls = await readTls(join(directory, 'tls/controller'));
    const { controller, node } = get();
    kubelet = await createKubelet({ controller, node: node.node, directory: join(disk.path, 'pods') });
    ({ volumeId } = await kubelet.create(CLAIM));
    const { poolId: id = '', hash = '' } = parseObjectId(volumeId) ?? {};
    poolId = id;
    await fill(join(path, 'volumes', hash, 'disk.img'));
    snapshotId = await kubelet.snapshot(volumeId);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  function get(): {
    readonly node: NodeMember;
    readonly controller: SplitCluster['controllers'][number]['controller'];
  } {
    const [node] = cluster.nodes;
    const [first] = cluster.controllers;
    if (node === undefined || first === undefined) throw new Error('the cluster is not whole');
    return { node, controller: first.controller };
  }
  const connect = async (): Promise<ContentPeer> => await connectPeer(get().node.agentAddress, agent);

  const toTicket = (): ContentTicket => ({
    source: { nodeName: 'node-a', poolId, kind: 'snapshot', id: snapshotId },
    target: { nodeName: 'node-b', poolId: 'bbbbbbbb', volumeName: 'pvc-1' },
    expiresAt: Date.now() + HOUR_MS,
  });
  const toRequest = (ticket = createTicket(toTicket(), controllerTls)) => {
    const { source, target } = toTicket();
    return { ticket, source, target };
  };
  const openPeer = async (): Promise<ContentPeer> => {
    const peer = await connect();
    const facts = await peer.ask('open', toRequest());
    expect(facts?.type).toBe(FRAME_TYPES.facts);
    return peer;
  };
  /** Reads on until the end, or some pieces. */
  const read = async (from: number, count = Number.POSITIVE_INFINITY): Promise<Reading> => {
    using peer = await openPeer();
    const positions: number[] = [];
    for (let frame = await peer.ask('read', { from }); ; frame = await peer.next()) {
      if (frame?.type !== FRAME_TYPES.piece) {
        return {
          positions,
          digest: frame === undefined ? undefined : JSON.parse(frame.payload.toString()).digest,
        };
      }
      positions.push(Number(frame.payload.readBigUInt64BE(0)));
      if (positions.length >= count) return { positions, digest: undefined };
    }
  };

  const other = (change: (ticket: ContentTicket) => object): string =>
    createTicket({ ...toTicket(), ...change(toTicket()) }, controllerTls);
  it.each<[string, () => string]>([
    ['is over', () => other(() => ({ expiresAt: Date.now() - 1 }))],
    ['is for another node', () => other(({ source }) => ({ source: { ...source, nodeName: 'node-c' } }))],
    ['is for another pool', () => other(({ source }) => ({ source: { ...source, poolId: 'cccccccc' } }))],
    ['is for another object', () => other(({ source }) => ({ source: { ...source, id: `${snapshotId}x` } }))],
    ['is for a volume', () => other(({ source }) => ({ source: { ...source, kind: 'volume' } }))],
    ['is for another reader', () => other(({ target }) => ({ target: { ...target, nodeName: 'node-c' } }))],
    [
      'is for another volume of it',
      () => other(({ target }) => ({ target: { ...target, volumeName: 'pvc-2' } })),
    ],
    [
      'is for the other direction',
      () =>
        other(({ source, target }) => ({
          source: { ...source, ...target },
          target: { ...target, ...source },
        })),
    ],
    ['was signed by an agent', () => createTicket(toTicket(), agent)],
    [
      'was altered',
      () => {
        const [, ...rest] = other(({ target }) => ({ target: { ...target, volumeName: 'pvc-2' } })).split(
          '.',
        );
        return [Buffer.from(JSON.stringify(toTicket())).toString('base64url'), ...rest].join('.');
      },
    ],
    ['is none', () => ''],
  ])('hands out nothing for a ticket that %s', async (_, makeTicket) => {
    using peer = await connect();

    const answer = await peer.ask('open', toRequest(makeTicket()));

    expect(answer?.type).toBe(FRAME_TYPES.failed);
    expect(JSON.parse(answer?.payload.toString() ?? '')).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await peer.next().catch(() => undefined)).toBeUndefined();
  });

  it('hands out the same again for the same ticket, while it is good', async () => {
    const request = toRequest();
    const answers: unknown[] = [];
    for (let time = 0; time < 2; time += 1) {
      using peer = await connect();
      answers.push((await peer.ask('open', request))?.payload.toString());
    }

    expect(answers[0]).toContain(snapshotId);
    expect(answers[1]).toBe(answers[0]);
  });

  it('goes on wherever it is asked to, and says at the end what the whole is', async () => {
    const { positions, digest } = await read(0);
    const [second = 0, third = 0] = positions.slice(1);

    expect((await read(0, 3)).positions).toEqual(positions.slice(0, 3));
    expect(await read(third)).toEqual({ positions: positions.slice(2), digest });
    // Where no piece ends nothing is sent twice, nor half: whoever asked so misses something, and its digest differs.
    expect(await read(second + 12_345)).toEqual({ positions: positions.slice(2), digest });
    expect(await read(Number.MAX_SAFE_INTEGER)).toEqual({ positions: [], digest });
  });

  it.each([{ from: -1 }, { from: 0.5 }, { from: 2 ** 60 }, {}, { from: 0, more: true }])(
    'ends a connection that asks for %j',
    async (request) => {
      using peer = await openPeer();

      const answer = await peer.ask('read', request);

      expect(answer?.type).toBe(FRAME_TYPES.failed);
      expect(await peer.next().catch(() => undefined)).toBeUndefined();
    },
  );

  it.each([
    ['announces more than any request is', Buffer.from([FRAME_TYPES.open.charCodeAt(0), 0, 16, 0, 0])],
    ['speaks something else', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('ends a connection that %s', async (_, bytes) => {
    using peer = await connect();

    peer.connection.write(bytes);

    expect(
      await peer.next().then(
        (frame) => frame?.type,
        () => undefined,
      ),
    ).toBeOneOf([undefined, FRAME_TYPES.failed]);
  });

  it('keeps what is read from being deleted, and lets go of it with the connection', async () => {
    const { controller } = get();
    const held = await kubelet.snapshot(volumeId);
    const remove = async () => await toOutcome(controller.DeleteSnapshot({ snapshotId: held }));
    const source = { ...toTicket().source, id: held };
    const ticket = createTicket({ ...toTicket(), source }, controllerTls);
    {
      // It takes one piece and then nothing any more.
      using peer = await connect();
      await peer.ask('open', { ...toRequest(ticket), source });
      await peer.ask('read', { from: 0 });

      expect(await remove()).toMatchObject({ status: 'ABORTED', message: expect.stringContaining(held) });
    }
    await expect.poll(remove).toMatchObject({ status: 'OK' });
  });

  it('takes only so many who say nothing, and serves controllers and readers beside them', async () => {
    const { node } = get();
    const countOpen = async (): Promise<number> => (await readdir(`/proc/${node.program.pid}/fd`)).length;
    const before = await countOpen();
    const peers: ContentPeer[] = [];
    const ended: Promise<unknown>[] = [];
    try {
      for (let number = 0; number < MANY; number += 1) {
        const peer = await connect();
        peers.push(peer);
        ended.push(peer.next().catch(() => undefined));
      }
      const turnedAway = (): number => peers.filter(({ connection }) => connection.destroyed).length;

      await expect.poll(turnedAway).toBeGreaterThan(MANY / 2);
      expect(await countOpen()).toBeLessThan(before + MANY / 2 + 20);
      await kubelet.remove(await kubelet.create(CLAIM));
    } finally {
      for (const peer of peers) peer[Symbol.dispose]();
    }
    await Promise.all(ended);
    await expect.poll(countOpen).toBeLessThan(before + 10);
    expect((await read(0)).digest).toBeDefined();
  });
});

async function fill(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const block = Buffer.alloc(4 * MIB);
  for (let offset = 0; offset < SIZE_BYTES; offset += 2 * block.length) {
    block.fill(createHash('sha512').update(String(offset)).digest());
    await file.write(block, 0, block.length, offset);
  }
  await file.sync();
}
