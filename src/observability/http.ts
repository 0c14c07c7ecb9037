import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

const DEFAULT_DEADLINE_MS = 5000;

/** Whether the program is of use now. */
export interface ReadinessReport {
  readonly isReady: boolean;
  /** Why it is not, or what is of no use although the rest is; a line each. */
  readonly remarks: readonly string[];
}

/** What the HTTP server needs. */
export interface HttpOptions {
  /** `127.0.0.1:9808`, `[::1]:9808`, `localhost:0` */
  readonly address: string;
  readonly metrics: Pick<Metrics, 'scrape'>;
  /** Must not wait for storage. */
  readonly getReadiness: () => ReadinessReport;
  readonly logger: Logger;
  /** For one request, from its first byte to the last of the answer. Default: five seconds. */
  readonly deadlineMs?: number;
}

/** An HTTP server that runs. */
export interface HttpServer {
  /** Host and port as bound; the port is the real one when 0 was asked. */
  readonly address: string;
  /** Stops at once; requests under way are cut off. Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly text: string;
}

type Route = () => Answer | Promise<Answer>;

/** Serves /healthz (alive), /readyz (ready or not, with remarks) and /metrics. Throws PRECONDITION_FAILED when the address is taken. */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const routes = createRoutes(options);
  const server = createServer(
    { requestTimeout: deadlineMs, headersTimeout: deadlineMs, connectionsCheckingInterval: deadlineMs },
    (request, response) => void respond(request, response, { routes, deadlineMs, logger: options.logger }),
  );
  const { host, port } = parseAddress(options.address);
  await listen(server, host, port, options.address);
  server.on('error', (error) => options.logger.warn('the HTTP server had an error', { err: error }));
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  options.logger.info('serving metrics and health', { address: `${host}:${boundPort}` });
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    close: () => close(server),
  };
}

function createRoutes(options: HttpOptions): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/healthz', () => ({ status: 200, text: 'ok\n' })],
    [
      '/readyz',
      () => {
        const { isReady, remarks } = options.getReadiness();
        const lines = isReady ? ['ok', ...remarks] : remarks;
        return { status: isReady ? 200 : 503, text: lines.map((line) => `${line}\n`).join('') };
      },
    ],
    ['/metrics', async () => ({ status: 200, ...(await options.metrics.scrape()) })],
  ]);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: {
    readonly routes: ReadonlyMap<string, Route>;
    readonly deadlineMs: number;
    readonly logger: Logger;
  },
): Promise<void> {
  const answer = await findAnswer(request, options);
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(answer.text),
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
    // Bodies of refused requests are not read: the connection cannot be used again.
    ...(answer.status === 405 ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.text);
}

async function findAnswer(
  request: IncomingMessage,
  options: {
    readonly routes: ReadonlyMap<string, Route>;
    readonly deadlineMs: number;
    readonly logger: Logger;
  },
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, text: 'only GET and HEAD\n' };
  }
  const path = request.url?.split('?')[0] ?? '/';
  const route = options.routes.get(path);
  if (route === undefined) return { status: 404, text: 'there are /healthz, /readyz and /metrics\n' };
  try {
    return await raceAbort(Promise.resolve(route()), AbortSignal.timeout(options.deadlineMs));
  } catch (error) {
    options.logger.warn('an HTTP request failed', { path, err: error });
    return { status: 503, text: 'failed; the log tells more\n' };
  }
}

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

async function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
    server.off('error', reject);
  } catch (error) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Cannot serve HTTP on ${address}: ${error instanceof Error ? error.message : String(error)}. Change http.address.`,
      { cause: error },
    );
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}
