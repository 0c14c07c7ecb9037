import type { ChannelCredentials } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { createSecureContext } from 'node:tls';
import { Listeners } from '../base/listeners.ts';
import type { TlsSource } from './tls.ts';
import { toContextOptions } from './tls-listener.ts';

/** What clients connect with: one for all connections, since their keys and trusted certificates are the same. */
export interface ClientTls extends Disposable {
  /** DNS name that the server's certificate has to have, whatever the address. */
  readonly serverName: string;
  current(): ChannelCredentials;
  /** Tells after each change of the material. */
  onChange(listener: () => void): Disposable;
}

/** Disposing it ends its watch on the source; connections that there are go on. */
export function createClientTls(source: TlsSource, serverName: string): ClientTls {
  const make = (): ChannelCredentials =>
    credentials.createFromSecureContext(createSecureContext(toContextOptions(source.current())));
  const listeners = new Listeners();
  let made = make();
  const watch = source.onChange(() => {
    made = make();
    listeners.tell();
  });
  return {
    serverName,
    current: () => made,
    onChange: (listener) => listeners.add(listener),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}
