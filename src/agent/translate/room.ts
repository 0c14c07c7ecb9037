import * as z from 'zod';
import type { StoreRoom, VolumeUsage } from '../../filestore/file-store.ts';
import type { GetUsageResponse__Output } from '../../gen/stowage/agent/v1/GetUsageResponse.ts';
import type { StoreRoom__Output } from '../../gen/stowage/agent/v1/StoreRoom.ts';
import { parseMessage, toNumber, toOptionalNumber } from './parse.ts';

const Bytes = z.number().int();

const Room = z.object({
  totalBytes: Bytes,
  freeBytes: Bytes,
  promisedBytes: Bytes,
  availableBytes: Bytes,
});

const Usage = z.object({ capacityBytes: Bytes, usedBytes: Bytes, usedInodes: Bytes.optional() });

/** The room that an agent sent. Throws INTERNAL when it sent none. */
export function fromRoomMessage(message: StoreRoom__Output | null): StoreRoom {
  const candidate = message === null ? undefined : toRoomCandidate(message);
  return parseMessage(Room, candidate, { what: 'The room of a pool', code: 'INTERNAL' });
}

/** The usage that an agent sent. Throws INTERNAL. */
export function fromUsageMessage(message: GetUsageResponse__Output): VolumeUsage {
  const candidate = {
    capacityBytes: toNumber(message.capacityBytes),
    usedBytes: toNumber(message.usedBytes),
    usedInodes: toOptionalNumber(message.usedInodes),
  };
  const { capacityBytes, usedBytes, usedInodes } = parseMessage(Usage, candidate, {
    what: 'The usage of a volume',
    code: 'INTERNAL',
  });
  return { capacityBytes, usedBytes, usedInodes };
}

function toRoomCandidate(message: StoreRoom__Output): unknown {
  return {
    totalBytes: toNumber(message.totalBytes),
    freeBytes: toNumber(message.freeBytes),
    promisedBytes: toNumber(message.promisedBytes),
    availableBytes: toNumber(message.availableBytes),
  };
}
