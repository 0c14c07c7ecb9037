import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Below those that the kernel gives to connections, so that it stays free while nobody listens there. */
const [LEAST, MOST] = [20_000, 32_000];

/** A TCP port of 127.0.0.1 that nobody uses now. Throws when it finds none. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (await isFree(port)) return port;
  }
  throw new Error('There is no free port.');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port });
  try {
    await once(server, 'listening');
    return (server.address() as AddressInfo).port === port;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
