import * as z from 'zod';
import { withoutUndefined } from '../../base/defined.ts';
import { FS_TYPES } from '../../domain/access.ts';
import type { CapacityRange } from '../../domain/capacity.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentOrigin } from '../../filestore/content/content.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import type {
  CapacityRange as RangeMessage,
  CapacityRange__Output,
} from '../../gen/stowage/agent/v1/CapacityRange.ts';
import type {
  ContentOrigin as OriginMessage,
  ContentOrigin__Output,
} from '../../gen/stowage/agent/v1/ContentOrigin.ts';
import type {
  CreateVolumeRequest as CreateVolumeMessage,
  CreateVolumeRequest__Output,
} from '../../gen/stowage/agent/v1/CreateVolumeRequest.ts';
import {
  ACCESS_TYPES,
  findWord,
  ISOLATIONS,
  LAYOUTS,
  ON_DELETES,
  QUOTA_DEMANDS,
  toOnDeleteName,
} from './enums.ts';
import { toOwner } from './owner.ts';
import { parseMessage, toOptionalNumber } from './parse.ts';
import { findSource, toSourceMessage } from './records.ts';

const Bytes = z.number().int().nonnegative();

/** Closed sets and numbers; names and ids are the store's to judge. */
const Demands = z.object({
  accessType: z.enum(['mount', 'block']),
  fsType: z.enum(FS_TYPES).optional(),
  layout: z.enum(['auto', 'directory', 'image']),
  quota: z.enum(['required', 'none']),
  isolation: z.enum(['standard', 'strict']),
  onDelete: z.enum(['retain', 'archive']).optional(),
});

const Range = z.object({ requiredBytes: Bytes.optional(), limitBytes: Bytes.optional() });

const Owner = z.object({
  uid: z.number().int().nonnegative().optional(),
  gid: z.number().int().nonnegative().optional(),
  mode: z.number().int().min(0).max(0o7777).optional(),
});

/** A request for a volume as it is sent. */
export function toCreateVolumeMessage(request: CreateVolumeRequest, poolId: string): CreateVolumeMessage {
  const { range, fsType, owner, source, claim, origin } = request;
  return {
    poolId,
    name: request.name,
    range: range === undefined ? null : toRangeMessage(range),
    accessType: ACCESS_TYPES[request.accessType],
    ...withoutUndefined({ fsType }),
    layout: LAYOUTS[request.layout],
    quota: QUOTA_DEMANDS[request.quota],
    isolation: ISOLATIONS[request.isolation],
    preallocate: request.preallocate,
    owner: withoutUndefined({ uid: owner.uid, gid: owner.gid, mode: owner.mode }),
    source: source === undefined ? null : toSourceMessage(source),
    claim: claim === undefined ? null : { ...claim },
    askedParameters: { ...request.askedParameters },
    origin: origin === undefined ? null : toOriginMessage(origin),
    onDelete: toOnDeleteName(request.onDelete),
  };
}

/** The request that came in. Throws INVALID_ARGUMENT. */
export function fromCreateVolumeMessage(message: CreateVolumeRequest__Output): CreateVolumeRequest {
  const origin = { what: 'The request for a volume', code: 'INVALID_ARGUMENT' } as const;
  const { fsType, claim } = message;
  const demands = parseMessage(
    Demands,
    {
      accessType: findWord(ACCESS_TYPES, message.accessType),
      ...withoutUndefined({ fsType }),
      layout: findWord(LAYOUTS, message.layout),
      quota: findWord(QUOTA_DEMANDS, message.quota),
      isolation: findWord(ISOLATIONS, message.isolation),
      ...withoutUndefined({ onDelete: findWord(ON_DELETES, message.onDelete) }),
    },
    origin,
  );
  const owner = parseMessage(Owner, toOwner(message.owner), origin);
  return {
    ...demands,
    name: message.name,
    range: message.range === null ? undefined : fromRangeMessage(message.range),
    fsType: demands.fsType,
    preallocate: message.preallocate,
    owner: { uid: owner.uid, gid: owner.gid, mode: owner.mode },
    source: findSource(message.source),
    claim: claim === null ? undefined : { namespace: claim.namespace, name: claim.name },
    askedParameters: message.askedParameters,
    ...(message.origin === null ? {} : { origin: fromOriginMessage(message.origin) }),
  };
}

function toOriginMessage({ nodeName, poolId, address, ticket }: ContentOrigin): OriginMessage {
  return { nodeName, poolId, ...withoutUndefined({ address, ticket }) };
}

function fromOriginMessage({ nodeName, poolId, address, ticket }: ContentOrigin__Output): ContentOrigin {
  return { nodeName, poolId, address, ticket };
}

/** A range as it is sent. */
export function toRangeMessage({ requiredBytes, limitBytes }: CapacityRange): RangeMessage {
  return withoutUndefined({ requiredBytes, limitBytes });
}

/** The range that came in. Throws INVALID_ARGUMENT, also when there is none. */
export function fromRangeMessage(message: CapacityRange__Output | null): CapacityRange {
  if (message === null) throw new DriverError('INVALID_ARGUMENT', 'The request names no size.');
  const candidate = withoutUndefined({
    requiredBytes: toOptionalNumber(message.requiredBytes),
    limitBytes: toOptionalNumber(message.limitBytes),
  });
  const { requiredBytes, limitBytes } = parseMessage(Range, candidate, {
    what: 'The size',
    code: 'INVALID_ARGUMENT',
  });
  return { requiredBytes, limitBytes };
}
