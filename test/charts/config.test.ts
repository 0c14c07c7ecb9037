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

  it('names the pods, sockets and Secrets as the other objects do', async () => {
    const objects = await render(options);
    const config = Config.parse(parse(getConfigText(objects)));
    const text = JSON.stringify(objects);
    const kubernetes = config.controller?.agents.kubernetes;
    const daemonSet = z
      .looseObject({
        spec: z.looseObject({
          template: z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }) }),
        }),
      })
      .parse(objects.find(({ kind }) => kind === 'DaemonSet'));

    for (const label of kubernetes?.selector.split(',') ?? []) {
      const [key = '', value] = label.split('=');
      expect(daemonSet.spec.template.metadata.labels[key]).toBe(value);
    }
    expect(config.agent.address.endsWith(`:${kubernetes?.port}`)).toBe(true);
    expect(text).toContain(`--csi-address=${config.drivers.hostpath?.endpoint?.slice('unix://'.length)}`);
    const secret = config.tls?.kubernetes?.agentSecret ?? 'agent-tls';
    expect(text).toContain(`"secretName":"${secret}"`);
  });
});
