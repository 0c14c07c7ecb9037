import { DriverError } from '../domain/errors.ts';
import type { ContentSources } from '../filestore/content/content.ts';
import { noContentSources } from '../filestore/content/no-sources.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';

/** Where a node finds content. */
export interface ContentSourcesOptions {
  /** This node's own pools; asked each time. */
  readonly stores: () => StoreDirectory<LocalFileStore>;
  /** The way to other agents (content-client.ts). Default: there are none. */
  readonly remote?: ContentSources;
}

/** Content of another pool of this node is read here; that of other nodes over there. */
export function createContentSources({
  stores,
  remote = noContentSources,
}: ContentSourcesOptions): ContentSources {
  return {
    async openContent(request, signal) {
      const { origin, source, target } = request;
      const entry = stores()
        .list()
        .find((candidate) => candidate.poolId === origin.poolId);
      if (entry === undefined) return await remote.openContent(request, signal);
      if ('store' in entry.state) return await entry.state.store.openContent({ source, target }, signal);
      throw new DriverError('POOL_UNAVAILABLE', entry.state.unavailable);
    },
  };
}
