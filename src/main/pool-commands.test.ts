import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileRegistry } from '../pools/file-registry.ts';
import { parseConfig } from './config.ts';
import { addPoolCommands } from './pool-commands.ts';

const { signal } = new AbortController();

const CLUSTER = `
controller:
  agents: { static: [{ node: node-1, address: '127.0.0.1:9810' }] }
  registry: { type: kubernetes }`;

describe('commands about pools', () => {
  let scratch: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let stateDirectory: string;
  beforeEach(async () => {
    scratch = await mkdtempDisposable('/var/tmp/stowage-commands-');
    stateDirectory = join(scratch.path, 'state');
    const registry = createFileRegistry({ stateDirectory, driver: 'd', clock: { now: () => 0 } });
    const room = { totalBytes: 2 ** 30, freeBytes: 0, promisedBytes: 0, availableBytes: 0 };
    await registry.record(
      {
        driver: 'd',
        poolName: 'ssd',
        nodeName: 'node-1',
        poolId: 'aaaaaaaa',
        onNodeLoss: { action: 'keep' },
        condition: 'open',
        room,
      },
      signal,
    );
  });
  afterEach(() => scratch.remove());

  const run = async (...argv: readonly string[]) => await runUntil(signal, ...argv);
  const runUntil = async (deadline: AbortSignal, ...argv: readonly string[]) => {
    const said = { out: '', error: '', code: 0, file: '' };
    const program = new Command().exitOverride();
    const config = `
stateDirectory: ${stateDirectory}
drivers:
  hostpath:
    endpoint: unix:///run/csi.sock
    pools: [{ name: ssd, path: /srv/ssd }]`;
    addPoolCommands(program, {
      environment: {},
      startDeadline: () => deadline,
      async readConfig(file) {
        said.file = file;
        if (file === 'bad') return undefined;
        return parseConfig(file === 'cluster' ? `${config}\n${CLUSTER}` : config, { path: file });
      },
      print(text) {
        said.out += text;
      },
      printError(text) {
        said.error += text;
      },
      setExitCode(code) {
        said.code = code;
      },
    });
    await program.parseAsync([...argv], { from: 'user' });
    return said;
  };

  it('list what is registered, for people and for programs', async () => {
    expect(await run('pools', '--config', 'good')).toMatchObject({
      out: expect.stringMatching(/^POOL .*\nssd +node-1 +aaaaaaaa +Open +1Gi /),
      code: 0,
      file: 'good',
    });
    expect(JSON.parse((await run('pools', '-o', 'json')).out)).toMatchObject([{ poolId: 'aaaaaaaa' }]);
  });

  it.each([
    ['nodes', 'forget', 'node-1'],
    ['pools', 'forget', 'aaaaaaaa'],
  ])('forget once they are told to: %s %s %s', async (...words) => {
    expect((await run(...words, '--config', 'good')).out).toContain('say the same with --yes');
    expect(await run(...words, '--yes', '--config', 'good')).toMatchObject({
      out: expect.stringMatching(/Done\.\n$/),
      file: 'good',
    });
    expect((await run('pools')).out).toContain('Forgotten');
  });

  it('are about the node’s own notes where they are told so', async () => {
    expect((await run('pools', '--local', '--config', 'cluster')).out).toContain('aaaaaaaa');
    expect(await run('pools', '--config', 'cluster')).toMatchObject({
      error: expect.stringContaining('set KUBECONFIG'),
      code: 1,
    });
  });

  it('say why they do not, and the exit code says so, too', async () => {
    expect(await run('nodes', 'forget', 'node-9')).toMatchObject({
      error: expect.stringContaining('No pool of a node named "node-9"'),
      code: 1,
    });
    expect(await run('pools', '--config', 'bad')).toMatchObject({ out: '', code: 2 });
    await writeFile(join(stateDirectory, 'registry', 'pools', 'aaaaaaaa.1.json'), '{');
    expect(await run('pools')).toMatchObject({ error: expect.stringContaining('cannot be used'), code: 1 });
  });

  it('say so when they take too long', async () => {
    const over = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    expect(await runUntil(over, 'nodes', 'forget', 'node-1', '--yes')).toMatchObject({
      error: expect.stringContaining('took too long'),
      code: 1,
    });
  });
});
