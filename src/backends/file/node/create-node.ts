import { quote } from '../../../base/quote.ts';
import type { NodeBackend, NodeInfo } from '../../backend.ts';
import { bounded } from '../bounded.ts';
import type { FileNodeContext } from './context.ts';
import { expand } from './expand.ts';
import { getStorageHealth, getVolumeHealth } from './health.ts';
import { publish } from './publish.ts';
import { createStaging } from './stage-job.ts';
import { getStats } from './stats.ts';
import { unpublish } from './unpublish.ts';
import { unstage } from './unstage.ts';

/** Less than any caller waits for an answer. */
const STAGE_ANSWERS_WITHIN_MS = 20_000;

/** The node half over local file stores: every call in a file of its own. Staging goes on when it takes longer than an answer may. */
export function createFileNode(
  context: FileNodeContext,
  info: NodeInfo,
  stageAnswersWithinMs = STAGE_ANSWERS_WITHIN_MS,
): NodeBackend {
  const staging = createStaging(context, stageAnswersWithinMs);
  const run = async <O extends { readonly volumeId: string }, T>(
    what: string,
    options: O,
    { signal, call }: { readonly signal: AbortSignal; readonly call: Call<O, T> },
  ): Promise<T> =>
    await bounded(`${what} volume ${quote(options.volumeId)}`, signal, (own) => call(context, options, own));
  return {
    getInfo: async () => await Promise.resolve(info),
    stage: async (options, signal) =>
      await bounded(`Staging volume ${quote(options.volumeId)}`, signal, (own) =>
        staging.stage(options, own),
      ),
    unstage: async (options, signal) => await run('Unstaging', options, { signal, call: unstage }),
    publish: async (options, signal) => await run('Publishing', options, { signal, call: publish }),
    unpublish: async (options, signal) => await run('Unpublishing', options, { signal, call: unpublish }),
    getStats: async (options, signal) => await run('Measuring', options, { signal, call: getStats }),
    expand: async (options, signal) => await run('Growing', options, { signal, call: expand }),
    close: () => staging.close(),
    health: {
      getVolumeHealth: async (options, signal) =>
        await run('Examining', options, { signal, call: getVolumeHealth }),
      getStorageHealth: async (signal) =>
        await bounded('Examining the pools', signal, (own) => getStorageHealth(context, own)),
    },
  };
}

type Call<O, T> = (context: FileNodeContext, options: O, signal: AbortSignal) => Promise<T>;
