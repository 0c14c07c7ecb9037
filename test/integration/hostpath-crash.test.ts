import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeBackend } from '../../src/backends/backend.ts';
import type { FsType, VolumeCapability } from '../../src/domain/access.ts';
import type { Volume } from '../../src/domain/volume.ts';
import { isErrno } from '../../src/host/errno.ts';
import type { BackendVariant } from '../contract/backend.ts';
import { type Calls, signal, toCalls, toCreateOptions, untilDone } from '../contract/backend-volumes.ts';
import { type HostpathMachine, makeHostpathMachine } from '../support/hostpath-machine.ts';
import { createMortalHost, type MortalHost } from '../support/mortal-host.ts';
import { skipsRootTests } from '../support/scratch.ts';

const MIB = 1024 ** 2;

interface Kind {
  readonly access: VolumeCapability['access'];
  readonly parameters: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
}

const mount = (fsType: FsType | undefined, ...mountFlags: string[]): VolumeCapability['access'] => ({
  kind: 'mount',
  fsType,
  mountFlags,
});
const IMAGE = { parameters: { layout: 'image' }, sizeBytes: 32 * MIB, readOnly: true } as const;
const KINDS: readonly [string, Kind][] = [
  ['directory', { ...IMAGE, access: mount(undefined, 'noexec'), parameters: { layout: 'directory' } }],
  ['ext4 image', { ...IMAGE, access: mount('ext4', 'noexec') }],
  ['btrfs image', { ...IMAGE, access: mount('btrfs'), sizeBytes: 256 * MIB, readOnly: false }],
  ['raw block', { ...IMAGE, access: { kind: 'block' } }],
];

describe.skipIf(skipsRootTests())('the program is killed between any two steps on the machine', () => {
  let machine: HostpathMachine;
  let mortal: MortalHost;
  beforeAll(async () => {
    machine = await makeHostpathMachine(
      { type: 'btrfs', sizeBytes: 4096 * MIB },
      {
        wrapHost(host) {
          mortal = createMortalHost(host);
          return mortal.host;
        },
      },
    );
  });
  afterAll(async () => await machine[Symbol.asyncDispose]());

  async function prepare(kind: Kind): Promise<Calls> {
    const variant: BackendVariant = { ...kind, setup: () => Promise.resolve(machine) };
    // A clone takes the longest way, by the renewal of its identity.
    const source = await machine.controller.createVolume(toCreateOptions(variant), signal);
    const first = await toCalls(machine.directory, source, variant);
    await machine.node.stage(first.stage, signal);
    await untilDone(() => machine.node.unstage(first.stage, signal));
    const from = { source: { kind: 'volume', id: source.id } } as const;
    const clone: Volume = await untilDone(() =>
      machine.controller.createVolume(toCreateOptions(variant, from), signal),
    );
    await machine.controller.deleteVolume({ volumeId: source.id }, signal);
    return await toCalls(machine.directory, clone, variant);
  }

  async function runWholeLife(
    node: NodeBackend,
    { stage, publish }: Calls,
    readOnly: boolean,
  ): Promise<void> {
    await node.stage(stage, signal);
    await node.publish({ ...publish, readOnly }, signal);
    await node.unpublish(publish, signal);
    await untilDone(() => node.unstage(stage, signal));
  }

  test.each(KINDS)(
    '%s: kubelet’s next calls find and finish what was begun',
    { timeout: 240_000 },
    async (_, kind) => {
      for (let calls = 0; ; calls += 1) {
        const volume = await prepare(kind);
        mortal.dieAfter(calls);
        const life = runWholeLife(machine.node, volume, kind.readOnly);
        const wasKilled = await life.then(
          () => false,
          () => true,
        );
        mortal.dieAfter(Number.POSITIVE_INFINITY);

        const { node, controller } = await machine.restart();
        await node.stage(volume.stage, signal);
        await node.publish({ ...volume.publish, readOnly: kind.readOnly }, signal);
        expect(await tryToWrite(volume), `killed after ${calls} calls`).toBe(
          kind.readOnly ? 'refused' : 'written',
        );
        await node.unpublish(volume.publish, signal);
        await untilDone(() => node.unstage(volume.stage, signal));
        expect(await machine.listLeftovers(), `killed after ${calls} calls`).toEqual([]);
        await untilDone(() => controller.deleteVolume(volume.stage, signal));
        if (!wasKilled) return;
      }
    },
  );
});

async function tryToWrite({ publish }: Calls): Promise<'written' | 'refused'> {
  const isBlock = publish.capability.access.kind === 'block';
  const path = isBlock ? publish.targetPath : join(publish.targetPath, 'x');
  try {
    await writeFile(path, Buffer.alloc(4096), { flag: isBlock ? 'r+' : 'w', flush: true });
    return 'written';
  } catch (error) {
    if (isErrno(error, 'EROFS', 'EPERM', 'EACCES')) return 'refused';
    throw error;
  }
}
