import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';

/** What one side of TLS has, all of it PEM. */
interface Side {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * A TLS 1.3 handshake in which both sides show a certificate. Resolves with the DNS name that the server saw; rejects with what the client
 * met, and with an empty name when the server hung up on it.
 */
export async function shakeHands(server: Side, client: Side, servername: string): Promise<string> {
  const listener = createServer(
    {
      ca: server.ca,
      cert: server.certificate,
      key: server.key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    (socket) => socket.end((socket.getPeerX509Certificate()?.subjectAltName ?? '').slice('DNS:'.length)),
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const { port } = listener.address() as AddressInfo;
    const { ca, certificate: cert, key } = client;
    const socket = connect({ host: '127.0.0.1', port, ca, cert, key, servername });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    await once(socket, 'close');
    return text;
  } finally {
    listener.close();
  }
}
