import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to connections, so that it stays free while nobody listens there. */
const [LEAST, MOST] = [20_000, 32_000];

/** A TCP port that nobody uses now. Throws when it finds none. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = LEAST + drawBelow(MOST - LEAST);
    if (await isFree(host, port)) return port;
  }
  throw new Error('There is no free port.');
}

/**
 * An address of the loopback by chance, of 16 million: nobody else has it, whoever draws at the same time, so that its ports stay free also while a
 * program that listens there is down.
 */
export function drawLoopbackHost(): string {
  return [127, 1 + drawBelow(254), drawBelow(256), 1 + drawBelow(254)].join('.');
}

function drawBelow(end: number): number {
  return Math.floor(Math.random() * end);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host, port });
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
