import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim, Kubelet } from '../../test/support/kubelet.ts';
import { run } from '../commands.ts';
import { summarize, timed } from '../samples.ts';
import type { Scenes } from '../scenes.ts';
import type { SplitScene } from '../split-scene.ts';
import { formatRatio, type Row } from '../table.ts';
import { sendByTar } from '../tar-over-tls.ts';

const MIB = 2 ** 20;
const SIZE_MIB = 1024;
const FILES = 10_000;
const ROUNDS = 3;
const LEAST_RATIO = 0.7;

interface Case {
  readonly what: string;
  readonly claim: Claim;
  /** Fills the mounted volume, or the device. */
  readonly fill: (path: string) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    what: `restore of a full ${SIZE_MIB} MiB image on another node`,
    claim: { sizeBytes: SIZE_MIB * MIB, parameters: { pool: 'btrfs' }, use: 'block' },
    async fill(path) {
      await run('dd', 'if=/dev/urandom', `of=${path}`, 'bs=4M', `count=${SIZE_MIB / 4}`, 'oflag=direct');
    },
  },
  {
    what: `restore of a directory with one file of ${SIZE_MIB} MiB on another node`,
    claim: { sizeBytes: 2 * SIZE_MIB * MIB, parameters: { pool: 'btrfs', layout: 'directory' }, use: '' },
    async fill(path) {
      await run('dd', 'if=/dev/urandom', `of=${join(path, 'file')}`, 'bs=4M', `count=${SIZE_MIB / 4}`);
    },
  },
  {
    what: `restore of a directory with ${FILES} files of 16 KiB on another node`,
    claim: { sizeBytes: SIZE_MIB * MIB, parameters: { pool: 'btrfs', layout: 'directory' }, use: '' },
    async fill(path) {
      for (let index = 0; index < FILES; index += 1) {
        const directory = join(path, String(index % 100));
        if (index < 100) await mkdir(directory);
        await writeFile(join(directory, String(index)), randomBytes(16 * 1024));
      }
    },
  },
];

/** A snapshot that is restored on another node, and the same content sent by tar over one connection of openssl, in turns. */
export async function measureRestores(scenes: Scenes): Promise<readonly Row[]> {
  const scene = await scenes.getSplit();
  const rows: Row[] = [];
  for (const one of CASES) rows.push(await measure(scene, one));
  return rows;
}

async function measure({ kubelets, beside }: SplitScene, { what, claim, fill }: Case): Promise<Row> {
  const [here, there] = kubelets;
  const [source = '', target = ''] = beside;
  if (here === undefined || there === undefined) throw new Error('a restore needs two nodes');
  const bound = await here.create(claim);
  await whileMounted(here, bound, async (path) => {
    await fill(path);
    await mkdir(source, { recursive: true });
    if (claim.use === 'block') await copyDevice(path, join(source, 'disk.img'));
    else await run('cp', '-a', `${path}/.`, source);
  });
  await run('sync');
  const snapshotId = await here.snapshot(bound.volumeId);
  const [ours, usual]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const restored = await timed(() => there.create({ ...claim, from: { snapshotId } }));
    ours.push(restored.ms);
    await there.remove(restored.result);
    usual.push(await sendByTar(source, target, `${target}-keys`));
    await rm(target, { recursive: true });
  }
  await here.removeSnapshot(snapshotId);
  await here.remove(bound);
  await rm(source, { recursive: true });
  return toRow(what, summarize(ours).p50Ms, summarize(usual).p50Ms);
}

async function whileMounted(
  kubelet: Kubelet,
  bound: Awaited<ReturnType<Kubelet['create']>>,
  work: (path: string) => Promise<void>,
): Promise<void> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  await work(mounted.targetPath);
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}

async function copyDevice(device: string, file: string): Promise<void> {
  await run('dd', `if=${device}`, `of=${file}`, 'bs=4M');
}

function toRow(what: string, oursMs: number, usualMs: number): Row {
  const ratio = usualMs / oursMs;
  return {
    what,
    ours: `${(oursMs / 1000).toFixed(2)} s`,
    usual: `${(usualMs / 1000).toFixed(2)} s (tar over one connection of openssl)`,
    ratio: formatRatio(ratio),
    budget: `≥ ${LEAST_RATIO}×`,
    isMet: ratio >= LEAST_RATIO,
  };
}
