import { quote } from '../base/quote.ts';
import type { FsType } from '../domain/access.ts';
import { DriverError } from '../domain/errors.ts';
import type { Filesystems } from '../host/filesystems/index.ts';
import type { CreateVolumeRequest, StoreAbilities } from './file-store.ts';
import type { ContentPlan, SourceContent } from './layouts/layout.ts';
import type { Layout } from './records.ts';
import { BLOCK_BYTES, chooseCapacity } from './sizes.ts';

const DEFAULT_FS_TYPE: FsType = 'ext4';

/** What is known of the source when a volume is planned. */
export interface PlannedSource extends Pick<SourceContent, 'kind' | 'id' | 'kept' | 'capacityBytes'> {
  /** It is in another store, so that another place may be able to take it. */
  readonly isElsewhere?: true;
}

/** What is known of the pool when a volume is planned. */
export interface PlanningFacts {
  readonly poolName: string;
  readonly abilities: StoreAbilities;
  readonly filesystems: Filesystems;
}

/** What a new volume will be. */
export interface VolumePlan extends ContentPlan {
  readonly layout: Layout;
}

/** Decides layout, size and the rest from the request, the source and what the pool can do. Throws INVALID_ARGUMENT, SIZE_OUT_OF_RANGE, and NO_ROOM when another place may do. */
export function planVolume(
  request: CreateVolumeRequest,
  source: PlannedSource | undefined,
  facts: PlanningFacts,
): VolumePlan {
  const layout = source === undefined ? chooseLayout(request, facts) : layoutOfSource(request, source);
  if (layout === 'directory') checkDirectory(request, source, facts);
  const fsType = layout === 'image' ? chooseFsType(request, source) : undefined;
  const { minimumBytes, minimumReason } = minimumOf(source === undefined ? fsType : undefined, facts);
  const capacityBytes = chooseCapacity(request.range, {
    subject: `volume ${quote(request.name)}`,
    sourceBytes: source?.capacityBytes ?? 0,
    minimumBytes,
    minimumReason,
  });
  return {
    layout,
    capacityBytes,
    accessType: request.accessType,
    fsType,
    isLimited: layout === 'directory' && request.quota === 'required',
    preallocate: request.preallocate,
    owner: request.owner,
  };
}

/**
 * `auto` takes a directory where its quota binds everybody, and else an image: every size is real. An fsType does not decide: provisioners
 * pass a default one with every request.
 */
function chooseLayout(request: CreateVolumeRequest, facts: PlanningFacts): Layout {
  if (request.layout !== 'auto') return request.layout;
  if (request.accessType === 'block' || request.isolation === 'strict' || request.preallocate) return 'image';
  if (request.quota === 'none') return 'directory';
  return facts.abilities.quotaIsHard ? 'directory' : 'image';
}

function layoutOfSource(request: CreateVolumeRequest, source: PlannedSource): Layout {
  const { layout } = source.kept;
  if (request.layout !== 'auto' && request.layout !== layout) {
    throw invalid(
      request,
      `the ${source.kind} ${source.id} that it is made from is kept as ${layout === 'image' ? 'an image' : 'a directory'}, so layout has to be ${layout} or auto`,
    );
  }
  return layout;
}

function checkDirectory(
  request: CreateVolumeRequest,
  source: PlannedSource | undefined,
  facts: PlanningFacts,
): void {
  if (request.accessType === 'block') {
    throw invalid(request, 'a raw block device needs layout image (and a source that is one)');
  }
  if (request.isolation === 'strict') {
    throw invalid(request, 'isolation strict needs layout image (and a source that is one)');
  }
  if (request.preallocate) throw invalid(request, 'only layout image can be preallocated');
  if (request.quota === 'required' && facts.abilities.quota === 'none') {
    // Only this place cannot take it: the scheduler finds another one.
    if (source?.isElsewhere === true) throw noLimitHere(request, source, facts);
    // What it is made from decides the layout.
    const choices =
      request.source === undefined
        ? 'use layout image or auto, say quota: none to go without a limit, or put the pool'
        : 'say quota: none to go without a limit, use a pool that can, or put this one';
    const place = isServed(facts) ? 'where an agent runs on its server' : 'on xfs with prjquota or on btrfs';
    throw invalid(
      request,
      `pool ${facts.poolName} (${facts.abilities.fsType}) cannot limit directories: ${choices} ${place}`,
    );
  }
}

/** An export is limited where its file system is, by an agent there; a client cannot. */
function isServed({ abilities }: PlanningFacts): boolean {
  return abilities.fsType === 'nfs' || abilities.fsType === 'nfs4';
}

function noLimitHere(
  request: CreateVolumeRequest,
  source: PlannedSource,
  { poolName, abilities }: PlanningFacts,
): DriverError {
  return new DriverError(
    'NO_ROOM',
    `The volume ${quote(request.name)} cannot be made here: the ${source.kind} ${source.id} that it is made from is kept as a directory, and pool ${poolName} (${abilities.fsType}) on this node cannot limit directories. It can be where the pool is on xfs with prjquota or on btrfs, or anywhere with quota: none.`,
  );
}

function chooseFsType(request: CreateVolumeRequest, source: PlannedSource | undefined): FsType | undefined {
  if (request.accessType === 'block') return undefined;
  const existing = source?.kept.layout === 'image' ? source.kept.fsType : undefined;
  if (existing !== undefined && request.fsType !== undefined && existing !== request.fsType) {
    throw invalid(
      request,
      `its source holds ${existing}, which does not become ${request.fsType} by copying: ask for fsType ${existing}`,
    );
  }
  return existing ?? request.fsType ?? DEFAULT_FS_TYPE;
}

function minimumOf(
  fsType: FsType | undefined,
  facts: PlanningFacts,
): { readonly minimumBytes: number; readonly minimumReason: string } {
  if (fsType === undefined) return { minimumBytes: BLOCK_BYTES, minimumReason: 'sizes are whole blocks' };
  const { minimumBytes } = facts.filesystems.getFilesystem(fsType);
  const wholeBytes = Math.ceil(minimumBytes / BLOCK_BYTES) * BLOCK_BYTES;
  return { minimumBytes: wholeBytes, minimumReason: `${fsType} needs at least ${wholeBytes}` };
}

function invalid(request: CreateVolumeRequest, reason: string): DriverError {
  return new DriverError(
    'INVALID_ARGUMENT',
    `The volume ${quote(request.name)} cannot be made as asked: ${reason}.`,
  );
}
