import { DriverError } from '../../domain/errors.ts';
import type { ContentSources } from './content.ts';

/** For a store that knows no other ones. */
export const noContentSources: ContentSources = {
  openContent: ({ source, origin }) =>
    Promise.reject(
      new DriverError(
        'UNSUPPORTED',
        `The source ${source.kind} ${source.id} is in pool ${origin.poolId} on node ${origin.nodeName}, and this store cannot read from others.`,
      ),
    ),
};
