import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { TlsMaterial, TlsSource } from './tls.ts';

/** Bound on a handshake, so that a caller that says nothing costs little. */
const HANDSHAKE_DEADLINE_MS = 10_000;
/** Far more than controllers and agents need. */
const MAX_CONNECTIONS = 2_000;

/** Who is let in, and by what. */
export interface TlsServerOptions {
  readonly tls: TlsSource;
  /** DNS names, of which a caller's certificate has to have one; the first that fits counts. */
  readonly peers: readonly string[];
  /** Told of each connection that was turned away: why, in one word for metrics, and from where. */
  readonly onRefused: (refusal: TlsRefusal) => void;
}

/** Why somebody was not let in. */
export interface TlsRefusal {
  readonly reason: 'no-certificate' | 'untrusted' | 'expired' | 'wrong-name' | 'handshake';
  /** For the log: what TLS said. */
  readonly detail: string;
  readonly remoteAddress: string | undefined;
}

/** A server that takes connections by TLS 1.3 with a certificate on both sides. Disposing it ends its watch on the material. */
export interface TlsListener extends Disposable {
  readonly server: Server;
}

/**
 * Hands each connection to the function of the name in its certificate. New material is for new connections; those that are
 * there go on. Nothing is resumed, so that each connection shows a certificate that is believed now.
 */
export function createTlsListener(
  options: TlsServerOptions,
  peers: ReadonlyMap<string, (socket: Socket) => void>,
): TlsListener {
  const { tls, onRefused } = options;
  const server = createServer({
    ...toContextOptions(tls.current()),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_DEADLINE_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(toRefusal(error, socket));
  });
  server.on('secureConnection', (socket) => {
    // Whoever uses the connection learns of its end by other ways.
    socket.on('error', () => undefined);
    const peer = findPeer(socket, [...peers.keys()]);
    const accept = peer === undefined ? undefined : peers.get(peer);
    if (accept !== undefined && socket.authorized) return accept(socket);
    const detail = socket.getPeerX509Certificate()?.subjectAltName ?? 'no name at all';
    onRefused({ reason: 'wrong-name', detail, remoteAddress: socket.remoteAddress });
    socket.destroy();
  });
  const watch = tls.onChange(() => server.setSecureContext(toContextOptions(tls.current())));
  return { server, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

/** TLS 1.3 only: all programs that speak here are ours. */
export function toContextOptions({ ca, certificate, key }: TlsMaterial): SecureContextOptions {
  return { ca, cert: certificate, key, minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET };
}

function findPeer(socket: TLSSocket, names: readonly string[]): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  return names.find(
    (name) => certificate?.checkHost(name, { subject: 'never', wildcards: false }) !== undefined,
  );
}

const REASONS: Readonly<Partial<Record<string, TlsRefusal['reason']>>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no-certificate',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
};

function toRefusal(error: NodeJS.ErrnoException, socket: TLSSocket): TlsRefusal {
  // With TLS 1.3 a certificate is judged after the handshake, and the error is then only that of the socket that was closed.
  const judged: unknown = socket.authorizationError;
  const verdict = typeof judged === 'string' ? judged : undefined;
  const detail = verdict ?? error.code ?? error.message;
  const reason = REASONS[detail] ?? (verdict === undefined ? 'handshake' : 'untrusted');
  return { reason, detail, remoteAddress: socket.remoteAddress };
}
