import { DriverError } from '../domain/errors.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { Interceptor } from '../rpc/interceptor.ts';
import type { MethodNames } from '../rpc/service.ts';
import { CONTROLLER_TLS_NAME } from '../rpc/tls.ts';

type Access = Readonly<Record<string, readonly string[] | undefined>>;

const CONTROLLER = [CONTROLLER_TLS_NAME];

/**
 * Who may call what, by the name in the certificate. A verb that is not here is nobody's: a new one does not compile without a line. What
 * agents hand to each other has a protocol of its own, with tickets (content-server.ts).
 */
const AGENT_ACCESS = {
  Describe: CONTROLLER,
  AdmitPool: CONTROLLER,
  CreateVolume: CONTROLLER,
  DeleteVolume: CONTROLLER,
  FindVolume: CONTROLLER,
  ListVolumes: CONTROLLER,
  ExpandVolume: CONTROLLER,
  CreateSnapshot: CONTROLLER,
  DeleteSnapshot: CONTROLLER,
  FindSnapshot: CONTROLLER,
  ListSnapshots: CONTROLLER,
  FindByNames: CONTROLLER,
  GetRoom: CONTROLLER,
  GetUsage: CONTROLLER,
  GetVolumeHealth: CONTROLLER,
  GetHealth: CONTROLLER,
} as const satisfies Readonly<Record<MethodNames<AgentHandlers>, readonly string[]>>;

/** Refuses with PERMISSION_DENIED whoever may not call a verb; `onRefused` is told of it. */
export function createAccessInterceptor(
  onRefused: (peer: string, method: string) => void,
  access: Access = AGENT_ACCESS,
): Interceptor {
  return async (call, next) => {
    const { peer = 'nobody', method } = call;
    if (access[method]?.includes(peer) === true) return await next(call);
    onRefused(peer, method);
    throw new DriverError(
      'PERMISSION_DENIED',
      `${method} is not for ${peer}: only ${access[method]?.join(', ') ?? 'nobody'} may call it.`,
    );
  };
}
