import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENT_TLS_NAME } from '../../src/rpc/tls.ts';
import { findFreePort } from '../support/free-port.ts';
import { startProgram } from '../support/program.ts';
import { makeScratchDirectory, skipsRootTests } from '../support/scratch.ts';
import { createTlsFilesAuthority } from '../support/tls-files.ts';

async function startNode(until: 'started' | 'serving') {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const tls = join(scratch.path, 'tls');
  const [httpPort, agentPort] = [await findFreePort(), await findFreePort()];
  const endpoint = `unix://${join(scratch.path, 'csi', 'csi.sock')}`;
  const configPath = join(scratch.path, 'stowage.yaml');
  const config = {
    node: { name: 'node-a' },
    stateDirectory: join(scratch.path, 'state'),
    runDirectory: join(scratch.path, 'run'),
    http: { address: `127.0.0.1:${httpPort}` },
    agent: { address: `127.0.0.1:${agentPort}` },
    tls: { directory: tls },
    drivers: { hostpath: { endpoint, pools: [{ name: 'fast', path: join(scratch.path, 'pool') }] } },
  };
  await writeFile(configPath, JSON.stringify(config));
  const program = undo.use(await startProgram({ role: 'node', configPath, endpoint, until }));
  const owned = undo.move();
  return {
    program,
    tls,
    async askReady(): Promise<string> {
      const response = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
      return `${response.status} ${await response.text()}`;
    },
    async isAgentServed(): Promise<boolean> {
      const socket = connect(agentPort, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return true;
      } catch {
        return false;
      } finally {
        socket.destroy();
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe.skipIf(skipsRootTests())('a node whose certificates are not there yet', () => {
  it('serves the kubelet, says what it lacks, and offers its pools once they come', async () => {
    await using node = await startNode('serving');

    await expect
      .poll(async () => await node.askReady(), { timeout: 20_000 })
      .toMatch(new RegExp(`^503 There are no certificates in ${node.tls} yet`));
    expect(await node.isAgentServed()).toBe(false);
    await expect.poll(async () => (await node.program.identity.Probe({})).ready?.value).toBe(true);
    await (await createTlsFilesAuthority()).write(node.tls, AGENT_TLS_NAME);

    await expect.poll(async () => await node.isAgentServed(), { timeout: 10_000 }).toBe(true);
    expect(await node.askReady()).not.toContain('certificates');
    expect(await node.program.stop()).toBe(0);
  });

  it('stops in order while it waits', async () => {
    await using node = await startNode('started');
    await expect
      .poll(() => node.program.logs().join(), { timeout: 20_000 })
      .toContain('There are no certificates');

    expect(await node.program.stop()).toBe(0);
  });
});
