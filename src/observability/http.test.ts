import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpOptions, HttpServer } from './http.ts';
import { startHttpServer } from './http.ts';
import { silentLogger } from './logger.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(options: Partial<HttpOptions> = {}): Promise<string> {
  const server = await startHttpServer({
    address: '127.0.0.1:0',
    metrics: { scrape: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'metric 1\n' }) },
    getReadiness: () => ({ isReady: true, remarks: [] }),
    logger: silentLogger,
    ...options,
  });
  servers.push(server);
  return `http://${server.address}`;
}

describe('startHttpServer', () => {
  it.each([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, 'ok\n'],
    ['/metrics', 200, 'metric 1\n'],
    ['/metrics?x=1', 200, 'metric 1\n'],
    ['/', 404, 'there are /healthz, /readyz and /metrics\n'],
  ])('answers %s with %d', async (path, status, body) => {
    const response = await fetch(`${await serve()}${path}`);

    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  it.each([
    ['says why it is not ready', false, 503, 'pool ssd is not mounted\nstarting\n'],
    ['is ready with remarks', true, 200, 'ok\npool ssd is not mounted\nstarting\n'],
  ])('%s', async (_, isReady, status, body) => {
    const remarks = ['pool ssd is not mounted', 'starting'];
    const base = await serve({ getReadiness: () => ({ isReady, remarks }) });

    const response = await fetch(`${base}/readyz`);

    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const response = await fetch(`${await serve()}/healthz`, { method });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD without a body', async () => {
    const response = await fetch(`${await serve()}/metrics`, { method: 'HEAD' });

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it('does not wait for a scrape that hangs, and stays alive meanwhile', async () => {
    const base = await serve({
      metrics: { scrape: () => Promise.withResolvers<never>().promise },
      deadlineMs: 1000,
    });

    const [metrics, health] = await Promise.all([fetch(`${base}/metrics`), fetch(`${base}/healthz`)]);

    expect(metrics.status).toBe(503);
    expect(health.status).toBe(200);
  });

  it('keeps the text of a failed scrape to the log', async () => {
    const base = await serve({ metrics: { scrape: () => Promise.reject(new Error('inner workings')) } });

    const response = await fetch(`${base}/metrics`);

    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('inner workings');
  });

  it('hangs up on a client that never finishes its request', async () => {
    const base = await serve({ deadlineMs: 50 });
    const socket = connect(Number(new URL(base).port), '127.0.0.1');

    socket.write('GET /healthz HTTP/1.1\r\n');

    expect(await text(socket)).toContain('408');
  });

  it('says that the address is taken, and what to change', async () => {
    const base = await serve();

    await expect(serve({ address: new URL(base).host })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('http.address'),
    });
  });

  it('cuts off a request under way when it is closed', async () => {
    const entered = Promise.withResolvers<void>();
    const base = await serve({
      metrics: {
        scrape: () => {
          entered.resolve();
          return Promise.withResolvers<never>().promise;
        },
      },
    });
    const underWay = fetch(`${base}/metrics`).catch((error: unknown) => error);
    await entered.promise;

    const startedAt = performance.now();
    await servers[0]?.close();

    expect(performance.now() - startedAt).toBeLessThan(2500);
    await expect(underWay).resolves.toBeInstanceOf(Error);
  });

  it('cuts off idle connections when it is closed', async () => {
    const base = await serve();
    await fetch(`${base}/healthz`).then((response) => response.text());

    await servers[0]?.close();
    await servers[0]?.close();

    await expect(fetch(`${base}/healthz`)).rejects.toThrow('fetch failed');
  });
});
