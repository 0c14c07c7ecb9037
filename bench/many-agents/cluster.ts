import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { createAgentConnection } from '../../src/agent/connection.ts';
import { systemClock } from '../../src/base/clock.ts';
import { mapParallel } from '../../src/base/parallel.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { createFileTls } from '../../src/rpc/file-tls.ts';
import { loadAgentServiceType, loadCsiServiceTypes } from '../../src/rpc/proto.ts';
import { createClientTls } from '../../src/rpc/tls-client.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { type Program, startProgram } from '../../test/support/program.ts';
import { makeScratchDirectory } from '../../test/support/scratch.ts';
import { createTlsFilesAuthority } from '../../test/support/tls-files.ts';
import { BUNDLED_PROGRAM } from '../bundle.ts';
import { POOL } from './volumes.ts';

const SERVE = join(import.meta.dirname, 'serve.ts');
const SERVED_WITHIN_MS = 60_000;
const OPEN_WITHIN_MS = 30_000;
/** Their time is bounded, and all of them are made by this process and one other. */
const HANDSHAKES_AT_ONCE = 4;

const Served = z.array(z.object({ node: z.string(), address: z.string(), poolId: z.string() }));

/** One agent of the other process. */
export type ServedAgent = z.infer<typeof Served>[number];

/** A controller from the bundle over many agents, which are all in one other process. */
export interface ManyAgents extends AsyncDisposable {
  readonly program: Program;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly agents: readonly ServedAgent[];
  /** The same stores, asked by this process without a controller between. */
  readonly stores: readonly FileStore[];
}

/** Starts both processes and waits until every pool is open. */
export async function startManyAgents(count: number, volumesEach: number): Promise<ManyAgents> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const authority = await createTlsFilesAuthority();
  const tls = { agent: join(scratch.path, 'agent'), controller: join(scratch.path, 'controller') };
  await authority.write(tls.agent, AGENT_TLS_NAME);
  await authority.write(tls.controller, CONTROLLER_TLS_NAME);
  const agents = await serveAgents(undo, [tls.agent, String(count), String(volumesEach)]);

  const endpoint = `unix://${join(scratch.path, 'csi.sock')}`;
  const configPath = join(scratch.path, 'stowage.yaml');
  await mkdir(join(scratch.path, 'state'));
  const config = {
    clusterId: 'bench-cluster',
    stateDirectory: join(scratch.path, 'state'),
    runDirectory: join(scratch.path, 'run'),
    tls: { directory: tls.controller },
    controller: { agents: { static: agents.map(({ node, address }) => ({ node, address })) } },
    drivers: { hostpath: { controllerEndpoint: endpoint } },
  };
  await writeFile(configPath, JSON.stringify(config));
  const program = undo.use(
    await startProgram({ role: 'controller', configPath, endpoint, program: BUNDLED_PROGRAM }),
  );
  const controller = undo.use(createClient(loadCsiServiceTypes().Controller, endpoint));
  await untilListed(controller, count * volumesEach);
  const stores = await connectDirectly(undo, agents, tls.controller);
  const kept = undo.move();
  return { program, controller, agents, stores, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function serveAgents(
  undo: AsyncDisposableStack,
  args: readonly string[],
): Promise<readonly ServedAgent[]> {
  const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.defer(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(SERVED_WITHIN_MS) });
  return Served.parse(JSON.parse(String(line)));
}

/** Once each pool is registered. */
async function untilListed(controller: RpcClient<ControllerDefinition>, count: number): Promise<void> {
  const giveUpAt = performance.now() + OPEN_WITHIN_MS;
  for (;;) {
    const listed = await controller.ListVolumes({}).then(
      ({ entries }) => entries.length,
      () => 0,
    );
    if (listed === count) return;
    if (performance.now() > giveUpAt) throw new Error(`ListVolumes shows ${listed} of ${count} volumes`);
    await sleep(200);
  }
}

async function connectDirectly(
  undo: AsyncDisposableStack,
  agents: readonly ServedAgent[],
  directory: string,
): Promise<readonly FileStore[]> {
  const source = await createFileTls({
    directory,
    ownName: CONTROLLER_TLS_NAME,
    clock: systemClock,
    logger: silentLogger,
  });
  undo.defer(() => source.close());
  const tls = undo.use(createClientTls(source, AGENT_TLS_NAME));
  const type = loadAgentServiceType();
  return await mapParallel(agents, HANDSHAKES_AT_ONCE, async ({ node, address, poolId }) => {
    const agent = { nodeName: node, address };
    const connection = undo.use(createAgentConnection({ type, agent, tls, onTrouble: () => undefined }));
    const { pools } = await connection.describe(AbortSignal.timeout(OPEN_WITHIN_MS));
    const state = pools.find((pool) => pool.name === POOL)?.state;
    if (state?.kind !== 'open') throw new Error(`pool ${POOL} of ${node} is not open`);
    return connection.createStore({ poolId, abilities: state.abilities });
  });
}
