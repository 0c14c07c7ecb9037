import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { baseConfigShape } from '../../src/config/schema.ts';
import {
  toCopyArgv,
  toMeasureArgv,
  toPackArgv,
  toRemoveArgv,
  toUnpackArgv,
} from '../../src/host/trees-sandbox.ts';
import { Config } from '../../src/main/config.ts';
import { parseObjects } from '../support/helm.ts';
import { readManifest, readYamlBlocks } from '../support/how-to.ts';
import { makeScratchDirectory } from '../support/scratch.ts';

const exec = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');
const UNIT = resolve(import.meta.dirname, '../../deploy/systemd/stowage-agent.service');
/** What the program needs after that to close its pools: STOP_MARGIN_MS of its command line. */
const STOP_MARGIN_SECONDS = 15;

/** The settings of the unit; one that is there twice is a list. */
async function readUnit(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readFile(UNIT, 'utf8');
  const lines = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => ({ key, value }));
  return new Map(
    [...Map.groupBy(lines, ({ key }) => key)].map(([key, all]) => [key, all.map(({ value }) => value)]),
  );
}

async function readAgentConfig(page: string): Promise<string> {
  const config = (await readYamlBlocks(page)).find((block) => /^node:/m.test(block));
  if (config === undefined) throw new Error(`There is no configuration in ${page}.md.`);
  return config;
}

describe('the unit of the agent', () => {
  it('starts it with the file that its page has, which is one for an agent', async () => {
    await using scratch = await makeScratchDirectory();
    const path = join(scratch.path, 'stowage.yaml');
    await writeFile(path, await readAgentConfig('nfs-server'));

    const { stdout } = await exec(process.execPath, [CLI, 'config', 'check', path, '--role', 'agent']);

    expect(stdout).toContain('is valid for agent');
    const [start = ''] = (await readUnit()).get('ExecStart') ?? [];
    expect(start).toBe('/opt/stowage/node /opt/stowage/stowage.js agent --config /etc/stowage/stowage.yaml');
    const page = await readFile(resolve(import.meta.dirname, '../../docs/how-to/nfs-server.md'), 'utf8');
    expect(page).toContain('`/etc/stowage/stowage.yaml`:');
    expect(page).toContain('root@nas.example:/opt/stowage/node\n');
  });

  it('leaves it what work on trees needs', async () => {
    const [bounding = ''] = (await readUnit()).get('CapabilityBoundingSet') ?? [];
    const copy = toCopyArgv({ source: '/a', target: '/b', reflink: 'always' });
    const all = [
      copy,
      toRemoveArgv('/a'),
      toMeasureArgv('/a', 'bytes'),
      toPackArgv('/a'),
      toUnpackArgv('/a'),
    ];
    const granted = all.flatMap((argv) => argv.filter((_word, index) => argv[index - 1] === '--cap-add'));

    expect(granted.length).toBeGreaterThan(0);
    expect(granted.filter((capability) => !bounding.split(' ').includes(capability))).toEqual([]);
    // A process that has it writes beyond quotas.
    expect(bounding).not.toContain('CAP_SYS_RESOURCE');
  });

  it('gives it its directories, and the time to stop', async () => {
    const unit = await readUnit();
    const config = Config.parse(parse(await readAgentConfig('nfs-server')));

    expect(config.stateDirectory).toBe(`/var/lib/${unit.get('StateDirectory')?.[0]}`);
    expect(config.runDirectory).toBe(`/run/${unit.get('RuntimeDirectory')?.[0]}`);
    expect(Number(unit.get('TimeoutStopSec')?.[0])).toBeGreaterThan(
      config.limits.shutdownSeconds + STOP_MARGIN_SECONDS,
    );
    expect(baseConfigShape.runDirectory.parse(undefined)).toBe(config.runDirectory);
  });

  it('lets it write to the export of its page', async () => {
    const writable = (await readUnit()).get('ReadWritePaths')?.map((path) => path.replace(/^-/, ''));
    const { nfs } = Config.parse(parse(await readAgentConfig('nfs-server'))).drivers;
    const [pool] = nfs?.pools ?? [];
    const path = pool?.type === 'nfs' ? pool.agent?.path : undefined;

    expect(path).toBeDefined();
    expect(writable?.some((directory) => path?.startsWith(`${directory}/`))).toBe(true);
  });
});

describe('the PersistentVolume of a directory that exists', () => {
  it('is one that the pool on its page allows', async () => {
    const [volume] = parseObjects(await readManifest('nfs'));
    const { spec } = z
      .object({
        spec: z.looseObject({
          csi: z.object({ volumeAttributes: z.record(z.string(), z.string()) }).loose(),
        }),
      })
      .parse(volume);
    const block = (await readYamlBlocks('nfs')).find((text) => text.includes('staticPaths'));

    expect(spec.csi).toMatchObject({ driver: 'nfs.stowage.dev', volumeAttributes: { path: '/media/films' } });
    expect(parse(block ?? '')).toMatchObject({
      drivers: {
        nfs: { pools: [{ name: spec.csi.volumeAttributes['pool'], staticPaths: ['/media', '/teams'] }] },
      },
    });
  });
});
