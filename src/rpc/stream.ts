import type { Duplex } from 'node:stream';

/** Connections that carry something else than gRPC, on the same port: their protocol is agreed upon in the handshake (ALPN). */
export interface StreamOffer {
  /** `stowage-content/1` */
  readonly protocol: string;
  /** DNS names, of which a caller's certificate has to have one. */
  readonly peers: readonly string[];
  accept(connection: StreamConnection): void;
}

/** A connection to or from a peer that has shown its certificate. Whoever takes it listens to its errors. */
export interface StreamConnection extends Duplex {
  readonly remoteAddress?: string | undefined;
  setTimeout(ms: number, listener: () => void): unknown;
}

/** Whom to connect to. */
export interface StreamTarget {
  /** `host:port`; an IPv6 host in brackets. */
  readonly address: string;
  /** DNS name that the certificate there has to have. */
  readonly serverName: string;
  readonly protocol: string;
}
