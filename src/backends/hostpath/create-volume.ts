import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Volume } from '../../domain/volume.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import { type AskByName, findAllByName, type NameQuestion } from '../file/controller/by-name.ts';
import { checkSingleNode, findImageFlag, parseVolumeUse } from '../file/controller/capabilities.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import type { Located } from '../file/controller/lookup.ts';
import { toVolume } from '../file/controller/to-domain.ts';
import { parseParameters } from '../parameters.ts';
import { chooseExisting } from './choose-existing.ts';
import { createInFirst } from './create-in-first.ts';
import { HostpathParameters } from './parameters.ts';
import { findFirstPlace, rankPlaces } from './placement.ts';
import { getPoolEntries } from './pools.ts';
import { findSourceStore, preferSource, withOrigin } from '../file/controller/source.ts';

/**
 * CSI CreateVolume on nodes' pools. Every pool that can be reached is asked for the name first, except the one that is told to make the volume next, which
 * looks for itself; then the place is that of the source, if the topology allows it, or the first of {@link rankPlaces} that has room; what is elsewhere is copied
 * there. A place that cannot be reached is not passed over: an earlier call may have made the volume there. What this cannot rule out, and why it loses nothing, is in
 * docs/explanation/placement.md.
 */
export async function createVolume(
  context: FileControllerContext,
  options: CreateVolumeOptions,
  signal: AbortSignal,
): Promise<Volume> {
  const { stores, sources } = context;
  const { parameters, request } = toRequest(options);
  const entries = stores.list();
  const places = getPoolEntries(entries, parameters.pool);
  const maker = findMaker(places, options);
  const found = await findVolumesByName({ entries, maker }, options.name, signal);
  if (found.length > 0) {
    const existing = chooseExisting(context, { found, places, options });
    const record = await existing.store.createVolume(request, signal);
    return toVolume(record, existing.entry, context);
  }
  const source = findSourceStore(sources, options.source);
  const requestFor = (place: StoreEntry): CreateVolumeRequest =>
    source === undefined ? request : withOrigin(context, request, { source, place });
  const ranked = preferSource(rankPlaces(places, options), source);
  const made = await createInFirst(ranked, requestFor, signal);
  if (made.entry === ranked[0]) return toVolume(made.record, made.entry, context);
  // Somebody else may have found room meanwhile where there was none.
  const others = await findVolumesByName({ entries: stores.list(), maker: undefined }, options.name, signal);
  const { record, entry } = chooseExisting(context, { found: [made, ...others], places, options });
  return toVolume(record, entry, context);
}

/** The place that makes the volume unless another has it. Undefined with a source, which may be gone by now while its copy is there, and where no place is left. */
function findMaker(places: readonly StoreEntry[], options: CreateVolumeOptions): StoreEntry | undefined {
  if (options.source !== undefined) return undefined;
  return findFirstPlace(places, options);
}

async function findVolumesByName(
  asked: Pick<NameQuestion<VolumeRecord>, 'entries' | 'maker'>,
  name: string,
  signal: AbortSignal,
): Promise<readonly Located<VolumeRecord>[]> {
  const ask: AskByName<VolumeRecord> = (store, own) => store.findVolumeByName({ name }, own);
  return await findAllByName({ ...asked, ask }, signal);
}

/** The request to the store. Throws INVALID_ARGUMENT for parameters and capabilities that contradict each other. */
function toRequest(options: CreateVolumeOptions): {
  readonly parameters: HostpathParameters;
  readonly request: CreateVolumeRequest;
} {
  const { parameters, asked, claim, fsType } = parseParameters(HostpathParameters, options.parameters);
  const use = parseVolumeUse(options.capabilities);
  checkSingleNode(options.capabilities);
  checkLayout(parameters, use.accessType, options);
  return {
    parameters,
    request: {
      name: options.name,
      range: options.range,
      accessType: use.accessType,
      fsType: use.accessType === 'block' ? undefined : (use.fsType ?? fsType),
      layout: chooseLayout(parameters, options),
      quota: parameters.quota,
      isolation: parameters.isolation,
      preallocate: parameters.preallocate,
      owner: { uid: parameters.uid, gid: parameters.gid, mode: parameters.mode },
      source: options.source,
      claim,
      askedParameters: asked,
    },
  };
}

/** With `layout: auto`, mount options that a directory cannot have decide for an image. */
function chooseLayout(
  { layout }: HostpathParameters,
  { capabilities }: CreateVolumeOptions,
): HostpathParameters['layout'] {
  return layout === 'auto' && findImageFlag(capabilities) !== undefined ? 'image' : layout;
}

function checkLayout(
  { layout, isolation }: HostpathParameters,
  accessType: 'mount' | 'block',
  { capabilities }: CreateVolumeOptions,
): void {
  if (layout !== 'directory') return;
  const flag = findImageFlag(capabilities);
  const objection =
    (accessType === 'block' && 'a raw block volume has to be an image') ||
    (isolation === 'strict' && 'isolation: strict needs an image') ||
    (flag !== undefined && `the mount option ${quote(flag)} needs a file system of its own`);
  if (objection === false) return;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `The StorageClass asks for layout: directory, but ${objection}. Use layout: auto or layout: image.`,
  );
}
