import { once } from 'node:events';
import { connect } from 'node:tls';
import { startDeadline } from '../base/deadline.ts';
import { DriverError } from '../domain/errors.ts';
import type { StreamConnection, StreamTarget } from './stream.ts';
import type { TlsSource } from './tls.ts';
import { toContextOptions } from './tls-listener.ts';

const CONNECT_DEADLINE_MS = 10_000;
/** The fastest first: streams are long. All of TLS 1.3 are good. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/** Connects by TLS 1.3, with a certificate on both sides. Throws POOL_UNAVAILABLE after ten seconds, or when the other side is not who it should be. */
export async function connectStream(
  { address, serverName, protocol }: StreamTarget,
  tls: TlsSource,
  signal: AbortSignal,
): Promise<StreamConnection> {
  signal.throwIfAborted();
  using deadline = startDeadline(signal, CONNECT_DEADLINE_MS);
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({
    ...toContextOptions(tls.current()),
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    servername: serverName,
    ALPNProtocols: [protocol],
    ciphers: CIPHERS,
  });
  try {
    await once(socket, 'secureConnect', { signal: deadline.signal });
    if (socket.alpnProtocol !== protocol) throw new Error('it offers no streams');
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 15_000);
    return socket;
  } catch (error) {
    // Nobody waits for what it has to say now.
    socket.on('error', () => undefined).destroy();
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new DriverError('POOL_UNAVAILABLE', `${address} cannot be reached: ${why}.`, { cause: error });
  }
}
