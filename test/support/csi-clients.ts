import { DriverError } from '../../src/domain/errors.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { IdentityDefinition } from '../../src/gen/csi/v1/Identity.ts';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import type { RpcClient } from '../../src/rpc/client.ts';

/** Clients of the three services of a driver, on one socket or on two. */
export interface CsiClients {
  readonly identity: RpcClient<IdentityDefinition>;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly node: RpcClient<NodeDefinition>;
}

/** How a call ended. */
export interface Outcome {
  /** `OK`, or the name of the gRPC status. */
  readonly status: string;
  readonly message: string;
  /** The response of a call that ended with OK. */
  readonly response: Readonly<Record<string, unknown>>;
}

/** Waits for a call and tells how it ended, whether well or not. Throws only what is no answer of the driver. */
export async function toOutcome(call: Promise<object>): Promise<Outcome> {
  try {
    const response = await call;
    return { status: 'OK', message: '', response: { ...response } };
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return { status: String(error.details['status']), message: error.message, response: {} };
  }
}
