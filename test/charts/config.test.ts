import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Config } from '../../src/main/config.ts';
import { type KubernetesObject, render } from '../support/helm.ts';
import { makeScratchDirectory } from '../support/scratch.ts';
import { VARIANTS } from './variants.ts';

const exec = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');
const ConfigMap = z.object({ data: z.object({ 'stowage.yaml': z.string() }) });

function getConfigText(objects: readonly KubernetesObject[]): string {
  return ConfigMap.parse(objects.find(({ kind }) => kind === 'ConfigMap')).data['stowage.yaml'];
}

function parseConfig(objects: readonly KubernetesObject[]): Config {
  return Config.parse(parse(getConfigText(objects)));
}

const DaemonSet = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }) }),
  }),
});

describe.each(Object.entries(VARIANTS))('the configuration of the variant %s', (_name, options) => {
  it.each(['controller', 'node'])('is one that `stowage %s` takes', async (role) => {
    await using scratch = await makeScratchDirectory();
    const path = join(scratch.path, 'stowage.yaml');
    await writeFile(path, getConfigText(await render(options)));

    const { stdout } = await exec(process.execPath, [CLI, 'config', 'check', path, '--role', role], {
      env: { ...process.env, NODE_NAME: 'ssd-1' },
    });

    expect(stdout).toContain(`is valid for ${role}`);
  });

  it('names the pods as the DaemonSet labels them', async () => {
    const objects = await render(options);
    const { controller, agent } = parseConfig(objects);
    const kubernetes = controller?.agents.kubernetes;
    const { labels } = DaemonSet.parse(objects.find(({ kind }) => kind === 'DaemonSet')).spec.template
      .metadata;

    expect(Object.entries(labels).map((label) => label.join('='))).toEqual(
      expect.arrayContaining(kubernetes?.selector.split(',') ?? ['no selector']),
    );
    expect(agent.address).toMatch(new RegExp(`:${kubernetes?.port}$`));
  });

  it('names the sockets that the sidecars use and the Secret that the nodes mount', async () => {
    const objects = await render(options);
    const { drivers, tls } = parseConfig(objects);
    const text = JSON.stringify(objects);

    for (const driver of Object.values(drivers).filter((section) => section !== undefined)) {
      expect(text).toContain(`--csi-address=${driver.endpoint?.slice('unix://'.length)}`);
    }
    expect(text).toContain(`"secretName":"${tls?.kubernetes?.agentSecret ?? 'agent-tls'}"`);
  });

  it('has the drivers that the cluster is told of', async () => {
    const objects = await render(options);
    const { drivers } = parseConfig(objects);

    const told = objects.filter(({ kind }) => kind === 'CSIDriver').map(({ metadata }) => metadata.name);
    expect(told.sort()).toEqual(
      Object.values(drivers)
        .flatMap((section) => section?.driverName ?? [])
        .sort(),
    );
  });
});
