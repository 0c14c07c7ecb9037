import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import type { ApiAccess, ApiRoute } from './access.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** kubelet renews tokens long before they are over; a minute is what other clients wait, too. */
const REREAD_MS = 60_000;

/** A peer that is gone without a word is noticed after this and ten probes of a second. */
const KEEP_ALIVE_MS = 15_000;

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST: a name or an address. */
  readonly host: string;
  /** KUBERNETES_SERVICE_PORT. */
  readonly port: string;
  /** Where kubelet keeps `token` and `ca.crt` for the service account. */
  readonly directory?: string;
  readonly clock: Clock;
}

/**
 * The API of the cluster that this process runs in, as the service account of its pod. The token and the trusted certificates are read
 * again when they are a minute old. `route` throws PRECONDITION_FAILED when they never could be read.
 */
export function createInClusterAccess(options: InClusterOptions): ApiAccess {
  const { host, port, clock, directory = SERVICE_ACCOUNT } = options;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  let current: { readonly route: ApiRoute; readonly ca: string } | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  const read = async (): Promise<ApiRoute> => {
    const [token, ca] = await Promise.all([
      readFile(join(directory, 'token'), 'utf8'),
      readFile(join(directory, 'ca.crt'), 'utf8'),
    ]);
    if (current !== undefined && current.ca !== ca) current.route.agent.destroy();
    const agent =
      current?.ca === ca
        ? current.route.agent
        : new Agent({ ca, keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS });
    const route = { server, headers: { authorization: `Bearer ${token.trim()}` }, agent };
    current = { route, ca };
    readAt = clock.monotonic();
    return route;
  };

  return {
    async route() {
      if (current !== undefined && clock.monotonic() - readAt < REREAD_MS) return current.route;
      try {
        return await read();
      } catch (error) {
        // What was good a minute ago most likely still is; the API says so when it is not.
        if (current !== undefined) return current.route;
        throw new DriverError(
          'PRECONDITION_FAILED',
          `Cannot read the service account in ${directory}: let the pod of the controller mount its token (automountServiceAccountToken). Pods of nodes have none: run commands in that of a controller.`,
          { cause: error },
        );
      }
    },
    forgetCredentials() {
      readAt = Number.NEGATIVE_INFINITY;
    },
    [Symbol.dispose]() {
      current?.route.agent.destroy();
    },
  };
}
