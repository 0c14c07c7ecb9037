import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import type { ContentAdoption } from '../layouts/layout.ts';
import type { StoreContext } from '../store-context.ts';
import { openParent } from './adoptable.ts';
import { type AdoptionPlace, removeNote } from './adoption-note.ts';
import { isThere } from './adoption-source.ts';

/** As long as walking the tree may take. */
const DEADLINE_MS = 24 * 60 * 60 * 1000;

/**
 * Moves what could not become a volume back to where it was. Returns the error to throw: the one that is given, or one that says where the content is when it could
 * not be put back either. Whoever gave up waiting gets it put back all the same.
 */
export async function putBack(
  { paths, files, logger }: Pick<StoreContext, 'paths' | 'files' | 'logger'>,
  what: {
    readonly place: AdoptionPlace;
    readonly request: { readonly directory: string };
    readonly adoption: ContentAdoption;
  },
  reason: unknown,
): Promise<unknown> {
  const { place, request, adoption } = what;
  const home = join(paths.root, request.directory);
  try {
    if ((await lstat(place.content)).isDirectory()) {
      const letGo = { directory: place.object, parent: dirname(home) };
      await adoption.letGo(letGo, AbortSignal.timeout(DEADLINE_MS));
    }
    await using parent = await openParent(paths.root, request.directory);
    try {
      await files.rename(place.content, `/proc/self/fd/${parent.fd}/${basename(home)}`);
    } catch (error) {
      // As of every rename: its answer may be lost, and it is done all the same.
      if (await isThere(place.content)) throw error;
    }
    await parent.sync();
    await removeNote(place);
    return reason;
  } catch (error) {
    logger.error('A directory cannot be put back', { from: place.content, to: home, err: error });
    const why = reason instanceof Error ? reason.message : String(reason);
    return new DriverError(
      'PRECONDITION_FAILED',
      `${why} What was at ${home} lies at ${place.content} now, and could not be put back: say the same again once the reason is gone, or move it by hand.`,
      { cause: error },
    );
  }
}
