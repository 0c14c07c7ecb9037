import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '../observability/logger.ts';
import type { StreamOffer } from './stream.ts';
import type { TlsMaterial, TlsSource } from './tls.ts';

/** Bound on a handshake, so that a caller that says nothing costs little. */
const HANDSHAKE_DEADLINE_MS = 5_000;
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

/** What becomes of connections. */
export interface TlsListenerHooks {
  /** By the name in the certificate. */
  readonly accept: ReadonlyMap<string, (socket: Socket) => void>;
  /** Connections of another protocol than gRPC's. */
  readonly streams?: StreamOffer | undefined;
  /** New material was taken up; connections that are there were made with the one before. */
  readonly onRenewed: () => void;
  readonly logger: Logger;
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
 * Hands each connection to the function of the name in its certificate. New material is for new connections. Nothing is resumed, so that each
 * connection shows a certificate that is believed now.
 */
export function createTlsListener(options: TlsServerOptions, hooks: TlsListenerHooks): TlsListener {
  const { tls, peers, onRefused } = options;
  const server = createServer({
    ...toContextOptions(tls.current()),
    requestCert: true,
    // It is judged below, where it is still known from where the connection came.
    rejectUnauthorized: false,
    ALPNProtocols: hooks.streams === undefined ? ['h2'] : ['h2', hooks.streams.protocol],
    handshakeTimeout: HANDSHAKE_DEADLINE_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const detail = error.code ?? error.message;
    onRefused({ reason: 'handshake', detail, remoteAddress: socket.remoteAddress });
  });
  server.on('secureConnection', (socket) => {
    // Whoever uses the connection learns of its end by other ways.
    socket.on('error', () => undefined);
    const streams = socket.alpnProtocol === hooks.streams?.protocol ? hooks.streams : undefined;
    const verdict = judge(socket, streams?.peers ?? peers);
    if ('peer' in verdict && streams !== undefined) return streams.accept(socket);
    const accept = 'peer' in verdict ? hooks.accept.get(verdict.peer) : undefined;
    if (accept !== undefined) return accept(socket);
    if ('reason' in verdict) onRefused({ ...verdict, remoteAddress: socket.remoteAddress });
    socket.destroy();
  });
  const watch = tls.onChange(() => {
    try {
      server.setSecureContext(toContextOptions(tls.current()));
    } catch (error) {
      hooks.logger.error('New certificates cannot be used, those before are kept', { err: error });
      return;
    }
    hooks.onRenewed();
  });
  return { server, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

/** TLS 1.3 only: all programs that speak here are ours. */
export function toContextOptions({ ca, certificate, key }: TlsMaterial): SecureContextOptions {
  return { ca, cert: certificate, key, minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET };
}

type Verdict = { readonly peer: string } | Pick<TlsRefusal, 'reason' | 'detail'>;

/** Who this is, if it shows a certificate that is believed, for one of the names. */
function judge(socket: TLSSocket, names: readonly string[]): Verdict {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { reason: 'no-certificate', detail: 'none was shown' };
  if (!socket.authorized) {
    const why = String(socket.authorizationError);
    if (!DATES.has(why)) return { reason: 'untrusted', detail: why };
    return { reason: 'expired', detail: `${why}: the clock here says ${new Date().toISOString()}` };
  }
  const peer = names.find(
    (name) => certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined,
  );
  if (peer !== undefined) return { peer };
  return { reason: 'wrong-name', detail: certificate.subjectAltName ?? 'no name at all' };
}

/** What OpenSSL says of a certificate that is not good now. */
const DATES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
