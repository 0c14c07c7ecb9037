import type { RequestOptions } from 'node:https';
import { Agent } from 'node:http';
import { DriverError } from '../domain/errors.ts';
import type { ApiAccess } from './access.ts';

/**
 * The API that a kubeconfig file names, as the user of its context: with certificates, tokens, programs that give tokens, or proxies.
 * For people at a command line; a pod has {@link createInClusterAccess}. Loads the library only when it is called (docs/adr/0011). Throws
 * INVALID_ARGUMENT when the file cannot be used.
 */
export async function createKubeconfigAccess(path: string): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new DriverError('INVALID_ARGUMENT', `Cannot read the kubeconfig ${path}.`, { cause: error });
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `The kubeconfig ${path} has no cluster for its current context.`,
    );
  }
  const agents = new Set<Agent>();
  return {
    async route() {
      const options: RequestOptions = { headers: {} };
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        throw new DriverError('PERMISSION_DENIED', `The kubeconfig ${path} gives no credentials.`, {
          cause: error,
        });
      }
      if (!(options.agent instanceof Agent)) throw new Error('the library made no agent');
      agents.add(options.agent);
      return { server: server.replace(/\/$/, ''), headers: toHeaders(options), agent: options.agent };
    },
    forgetCredentials() {
      // The library keeps them, and renews them by itself.
    },
    [Symbol.dispose]() {
      for (const agent of agents) agent.destroy();
    },
  };
}

function toHeaders({ headers = {}, auth }: RequestOptions): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), String(value)] as const],
  );
  const basic =
    typeof auth === 'string' ? [['authorization', `Basic ${Buffer.from(auth).toString('base64')}`]] : [];
  return Object.fromEntries([...entries, ...basic]);
}
