import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';
import type { ClientOptions } from './client.ts';

const MAX_RESPONSE_BYTES = 64 * 2 ** 20;

/** A connection that is kept, and made anew when there is new material for TLS. */
export interface KeptChannel extends Disposable {
  /** For one call; dispose it when the call has ended. */
  acquire(): ChannelUse;
}

/** The connection of one call. */
export interface ChannelUse extends Disposable {
  readonly client: Client;
}

interface Generation {
  readonly client: Client;
  calls: number;
  isRetired: boolean;
}

/** Connects with the first call. On new material the next call makes a new connection; those under way end on the old one. */
export function createKeptChannel(
  address: string,
  { tls, keepalive }: Pick<ClientOptions, 'tls' | 'keepalive'>,
): KeptChannel {
  const options: ChannelOptions = {
    'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
    // A restarted server is found again at once, not after a back-off of up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // The other side is on this machine or in this cluster: a proxy of the environment does not lead there.
    'grpc.enable_http_proxy': 0,
    // How to call is said here, and not looked up in DNS.
    'grpc.service_config_disable_resolution': 1,
    'grpc.dns_min_time_between_resolutions_ms': 5000,
    'grpc.enable_channelz': 0,
    ...(tls === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }),
    ...(keepalive === undefined
      ? {}
      : {
          'grpc.keepalive_time_ms': keepalive.timeMs,
          'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
          'grpc.keepalive_permit_without_calls': 1,
        }),
  };
  const open = (channelCredentials: ChannelCredentials): Generation => ({
    client: new Client(address, channelCredentials, options),
    calls: 0,
    isRetired: false,
  });
  // A client that is closed fails the calls that have not been sent yet.
  const closeUnused = ({ client, calls, isRetired }: Generation): void => {
    if (isRetired && calls === 0) client.close();
  };
  let current = open(tls?.current() ?? credentials.createInsecure());
  const watch = tls?.onChange(() => {
    const before = current;
    current = open(tls.current());
    before.isRetired = true;
    closeUnused(before);
  });
  return {
    acquire() {
      const used = current;
      used.calls += 1;
      return {
        client: used.client,
        [Symbol.dispose]: () => {
          used.calls -= 1;
          closeUnused(used);
        },
      };
    },
    [Symbol.dispose]: () => {
      watch?.[Symbol.dispose]();
      current.client.close();
    },
  };
}
