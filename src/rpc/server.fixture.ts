import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControllerDefinition, ControllerHandlers } from '../gen/csi/v1/Controller.ts';
import type { IdentityDefinition, IdentityHandlers } from '../gen/csi/v1/Identity.ts';
import { silentLogger } from '../observability/logger.ts';
import type { RpcClient } from './client.ts';
import { createClient } from './client.ts';
import { loadCsiServiceTypes } from './proto.ts';
import type { RpcServer, RpcServerOptions } from './server.ts';
import { startRpcServer } from './server.ts';
import type { ServiceMethods } from './service.ts';
import { createService } from './service.ts';

const types = loadCsiServiceTypes();

type ControllerMethods = ServiceMethods<ControllerHandlers>;

/** A server for tests on a real socket in a directory of its own, and clients for it. */
export interface TestServer extends AsyncDisposable {
  readonly server: RpcServer;
  readonly path: string;
  readonly identity: RpcClient<IdentityDefinition>;
  readonly controller: RpcClient<ControllerDefinition>;
}

/** Methods that a test cares about; the others are not offered. */
export interface TestMethods {
  readonly identity?: Partial<ServiceMethods<IdentityHandlers>>;
  readonly controller?: Partial<ControllerMethods>;
}

const NO_IDENTITY: ServiceMethods<IdentityHandlers> = {
  GetPluginInfo: undefined,
  GetPluginCapabilities: undefined,
  Probe: undefined,
};

const NO_CONTROLLER: ControllerMethods = {
  CreateVolume: undefined,
  DeleteVolume: undefined,
  ControllerPublishVolume: undefined,
  ControllerUnpublishVolume: undefined,
  ValidateVolumeCapabilities: undefined,
  ListVolumes: undefined,
  ControllerListVolumeHealth: undefined,
  ControllerGetVolumeHealth: undefined,
  GetCapacity: undefined,
  ControllerGetCapabilities: undefined,
  CreateSnapshot: undefined,
  DeleteSnapshot: undefined,
  ListSnapshots: undefined,
  GetSnapshot: undefined,
  ControllerExpandVolume: undefined,
  ControllerGetVolume: undefined,
  ControllerModifyVolume: undefined,
};

/** Both services as a test wants them. */
export function createTestServices(methods: TestMethods) {
  return [
    createService(types.Identity, { ...NO_IDENTITY, ...methods.identity }),
    createService(types.Controller, { ...NO_CONTROLLER, ...methods.controller }),
  ];
}

/** Starts a server with one socket; disposing stops it and removes the directory. */
export async function startTestServer(
  methods: TestMethods,
  options: Partial<RpcServerOptions> = {},
): Promise<TestServer> {
  await using undo = new AsyncDisposableStack();
  const directory = undo.use(await mkdtempDisposable(join(tmpdir(), 'stowage-rpc-')));
  const path = join(directory.path, 'sub', 'csi.sock');
  const server = await startRpcServer({
    sockets: [{ path, driver: 'test.stowage.dev', services: createTestServices(methods) }],
    interceptors: [],
    access: { mode: '0600' },
    logger: silentLogger,
    ...options,
  });
  undo.defer(() => server.stop(0));
  const identity = undo.use(createClient(types.Identity, `unix://${path}`, { deadlineMs: 10_000 }));
  const controller = undo.use(createClient(types.Controller, `unix://${path}`, { deadlineMs: 10_000 }));
  const owned = undo.move();
  return { server, path, identity, controller, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A promise that a test settles itself, and one for the moment when somebody waits for it. */
export function createGate<T = void>() {
  const entered = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<T>();
  return {
    entered: entered.promise,
    open: opened.resolve,
    pass(): Promise<T> {
      entered.resolve();
      return opened.promise;
    },
  };
}

/** Resolves when the signal aborts, with its reason. */
export async function whenAborted(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
  return signal.reason;
}
