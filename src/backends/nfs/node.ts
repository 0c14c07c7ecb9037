import { KeyedLock } from '../../base/keyed-lock.ts';
import { quote } from '../../base/quote.ts';
import type { NodeBackend } from '../backend.ts';
import { bounded } from '../file/bounded.ts';
import type { NfsNodeContext } from './node/context.ts';
import { getStats, getStorageHealth, getVolumeHealth } from './node/inspect.ts';
import { publish } from './node/publish.ts';
import { unpublish, unstage } from './node/release.ts';
import { stage } from './node/stage.ts';

type Call<O, T> = (context: NfsNodeContext, options: O, signal: AbortSignal) => Promise<T>;

/** The node half of NFS: volumes are bind mounts of one mount of their pool. There is nothing to grow here, and no limit of volumes to state. */
export function createNfsNode(
  deps: Omit<NfsNodeContext, 'locks'>,
  { nodeId }: { readonly nodeId: string },
): NodeBackend {
  const context: NfsNodeContext = {
    ...deps,
    locks: new KeyedLock(),
    logger: deps.logger.child({ component: 'nfs-node' }),
  };
  const run = async <O extends { readonly volumeId: string }, T>(
    what: string,
    options: O,
    { signal, call }: { readonly signal: AbortSignal; readonly call: Call<O, T> },
  ): Promise<T> =>
    await bounded(`${what} volume ${quote(options.volumeId)}`, signal, (own) => call(context, options, own));
  return {
    getInfo: async () => await Promise.resolve({ nodeId, maxVolumes: 0, topology: undefined }),
    stage: async (options, signal) => await run('Staging', options, { signal, call: stage }),
    unstage: async (options, signal) => await run('Unstaging', options, { signal, call: unstage }),
    publish: async (options, signal) => await run('Publishing', options, { signal, call: publish }),
    unpublish: async (options, signal) => await run('Unpublishing', options, { signal, call: unpublish }),
    getStats: async (options, signal) => await run('Measuring', options, { signal, call: getStats }),
    mountGroup: { supported: true },
    health: {
      getVolumeHealth: async (options, signal) =>
        await run('Examining', options, { signal, call: getVolumeHealth }),
      getStorageHealth: async () => await Promise.resolve(getStorageHealth(context)),
    },
  };
}
