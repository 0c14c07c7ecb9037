import { quote } from '../../../base/quote.ts';
import type { NodeBackend, NodeInfo } from '../../backend.ts';
import { bounded } from '../bounded.ts';
import type { FileNodeContext } from './context.ts';
import { expand } from './expand.ts';
import { getStorageHealth, getVolumeHealth } from './health.ts';
import { publish } from './publish.ts';
import { stage } from './stage.ts';
import { getStats } from './stats.ts';
import { unpublish } from './unpublish.ts';
import { unstage } from './unstage.ts';

/** The node half over local file stores: every call in a file of its own, each within its deadline. */
export function createFileNode(context: FileNodeContext, info: NodeInfo): NodeBackend {
  const run = async <O extends { readonly volumeId: string }, T>(
    what: string,
    options: O,
    { signal, call }: { readonly signal: AbortSignal; readonly call: Call<O, T> },
  ): Promise<T> =>
    await bounded(`${what} volume ${quote(options.volumeId)}`, signal, (own) => call(context, options, own));
  return {
    getInfo: async () => await Promise.resolve(info),
    stage: async (options, signal) => await run('Staging', options, { signal, call: stage }),
    unstage: async (options, signal) => await run('Unstaging', options, { signal, call: unstage }),
    publish: async (options, signal) => await run('Publishing', options, { signal, call: publish }),
    unpublish: async (options, signal) => await run('Unpublishing', options, { signal, call: unpublish }),
    getStats: async (options, signal) => await run('Measuring', options, { signal, call: getStats }),
    expand: async (options, signal) => await run('Growing', options, { signal, call: expand }),
    health: {
      getVolumeHealth: async (options, signal) =>
        await run('Examining', options, { signal, call: getVolumeHealth }),
      getStorageHealth: async (signal) =>
        await bounded('Examining the pools', signal, (own) => getStorageHealth(context, own)),
    },
  };
}

type Call<O, T> = (context: FileNodeContext, options: O, signal: AbortSignal) => Promise<T>;
