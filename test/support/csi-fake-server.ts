import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControllerBackend, NodeBackend } from '../../src/backends/backend.ts';
import { Operations } from '../../src/base/operations.ts';
import { createControllerService } from '../../src/csi/controller/service.ts';
import { toPluginFeatures } from '../../src/csi/controller/capabilities.ts';
import { createIdentityService } from '../../src/csi/identity.ts';
import { createNodeService } from '../../src/csi/node/service.ts';
import { CSI_LOCK_KEYS } from '../../src/csi/validation/lock-keys.ts';
import { CSI_RULES } from '../../src/csi/validation/rules.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createClient } from '../../src/rpc/client.ts';
import { createInFlightInterceptor } from '../../src/rpc/interceptors/in-flight.ts';
import { createValidationInterceptor } from '../../src/rpc/interceptors/validation.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';
import { startRpcServer } from '../../src/rpc/server.ts';
import type { CsiClients } from './csi-clients.ts';
import { createFakeController } from './csi-fake-controller.ts';
import { createFakeNode } from './csi-fake-node.ts';
import { FakeStorage } from './csi-fake-storage.ts';

const DRIVER = 'fake.stowage.dev';

export interface FakeServerOptions {
  /** Changes the halves of the backend, to leave facets out for instance. */
  readonly adapt?: (halves: FakeHalves) => FakeHalves;
  readonly ready?: () => boolean;
}

export interface FakeHalves {
  readonly controller: ControllerBackend;
  readonly node: NodeBackend;
}

/** The CSI services over the fake backend, on a real socket. */
export interface FakeServer extends AsyncDisposable {
  readonly clients: CsiClients;
  readonly storage: FakeStorage;
}

/** Serves a pool of 100 GiB in memory, with the interceptors that decide answers. Disposing stops and removes all of it. */
export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-csi-'));
  const storage = new FakeStorage(100 * 2 ** 30);
  const halves = { controller: createFakeController(storage), node: createFakeNode(storage) };
  const { controller, node } = options.adapt?.(halves) ?? halves;
  const types = loadCsiServiceTypes();
  const path = join(directory, 'csi.sock');
  const identity = createIdentityService({
    type: types.Identity,
    driverName: DRIVER,
    vendorVersion: '1.2.3',
    features: toPluginFeatures(controller),
    ready: options.ready ?? (() => true),
  });
  const services = [
    identity,
    createControllerService({ type: types.Controller, backend: controller }),
    createNodeService({ type: types.Node, backend: node }),
  ];
  const server = await startRpcServer({
    sockets: [{ path, driver: DRIVER, services }],
    interceptors: [
      createValidationInterceptor(CSI_RULES),
      createInFlightInterceptor({
        operations: new Operations(),
        keys: CSI_LOCK_KEYS,
        deadlineMs: 10_000,
      }),
    ],
    access: { mode: '0600' },
    logger: silentLogger,
  });
  const clients = {
    identity: createClient(types.Identity, `unix://${path}`),
    controller: createClient(types.Controller, `unix://${path}`),
    node: createClient(types.Node, `unix://${path}`),
  };
  return {
    clients,
    storage,
    async [Symbol.asyncDispose]() {
      for (const client of Object.values(clients)) client[Symbol.dispose]();
      await server.stop(1000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
