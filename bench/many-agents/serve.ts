/**
 * A process with many agents, each a real server with mutual TLS on a port of its own over a store in memory: what a controller sees of a large
 * cluster. Arguments: the directory with the agents' certificate, how many agents, how many volumes in each. Prints a line of JSON with the
 * addresses when all are served; SIGTERM ends it.
 */
import { createFileTls } from '../../src/rpc/file-tls.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createPoolId } from '../../src/domain/ids.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { startTestAgent } from '../../test/support/remote-store.ts';
import { POOL, toRequest } from './volumes.ts';

const [directory = '', agents = '', volumes = ''] = process.argv.slice(2);
const tls = await createFileTls({
  directory,
  ownName: AGENT_TLS_NAME,
  clock: systemClock,
  logger: silentLogger,
});
const signal = new AbortController().signal;
const served: { readonly node: string; readonly address: string; readonly poolId: string }[] = [];
for (let index = 0; index < Number(agents); index += 1) {
  const node = `node-${String(index).padStart(3, '0')}`;
  const store = createFakeFileStore({ poolId: createPoolId() });
  for (let volume = 0; volume < Number(volumes); volume += 1) {
    await store.createVolume(toRequest(`pvc-${index}-${volume}`), signal);
  }
  const { address } = await startTestAgent({
    stores: { list: () => [{ poolName: POOL, nodeName: node, poolId: store.poolId, state: { store } }] },
    identity: { nodeName: node, bootId: 'boot-1' },
    security: { tls, peers: [CONTROLLER_TLS_NAME], onRefused: () => undefined },
  });
  served.push({ node, address, poolId: store.poolId });
}
process.once('SIGTERM', () => process.exit(0));
console.log(JSON.stringify(served));
