import { quote } from '../base/quote.ts';
import { isWithin } from '../domain/capacity.ts';
import { DriverError } from '../domain/errors.ts';
import type { ContentSource } from '../domain/volume.ts';
import type { CreateVolumeRequest } from './file-store.ts';
import type { VolumeRecord } from './records.ts';

/** Throws VOLUME_INCOMPATIBLE, naming the first difference, unless the existing volume is what the request asks for. */
export function checkCompatible(volume: VolumeRecord, request: CreateVolumeRequest): void {
  const difference =
    findSizeDifference(volume, request) ??
    findUseDifference(volume, request) ??
    findSourceDifference(volume.source, request.source) ??
    findParameterDifference(volume.asked.parameters, request.askedParameters);
  if (difference === undefined) return;
  throw new DriverError(
    'VOLUME_INCOMPATIBLE',
    `A volume named ${quote(request.name)} exists (${volume.id}), but ${difference}. Ask for the same, or use another name.`,
  );
}

function findSizeDifference(volume: VolumeRecord, request: CreateVolumeRequest): string | undefined {
  if (isWithin(volume.capacityBytes, request.range)) return undefined;
  const { requiredBytes, limitBytes } = request.range ?? {};
  return `its size of ${volume.capacityBytes} bytes is outside the asked range (${requiredBytes ?? 'any'} to ${limitBytes ?? 'any'})`;
}

function findUseDifference(volume: VolumeRecord, request: CreateVolumeRequest): string | undefined {
  const { asked, kept } = volume;
  if (asked.accessType !== request.accessType) {
    return `its access type is ${asked.accessType}, not ${request.accessType}`;
  }
  if (asked.fsType !== request.fsType) {
    return `its file system was asked as ${asked.fsType ?? 'none in particular'}, not ${request.fsType ?? 'none in particular'}`;
  }
  if (request.layout !== 'auto' && request.layout !== kept.layout) {
    return `its layout is ${kept.layout}, not ${request.layout}`;
  }
  return undefined;
}

function findSourceDifference(
  existing: ContentSource | undefined,
  asked: ContentSource | undefined,
): string | undefined {
  if (existing?.kind === asked?.kind && existing?.id === asked?.id) return undefined;
  return `it was made from ${describeSource(existing)}, not from ${describeSource(asked)}`;
}

function describeSource(source: ContentSource | undefined): string {
  return source === undefined ? 'nothing' : `${source.kind} ${quote(source.id)}`;
}

function findParameterDifference(
  existing: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>>,
): string | undefined {
  const names = [...new Set([...Object.keys(existing), ...Object.keys(asked)])].sort();
  const name = names.find((key) => existing[key] !== asked[key]);
  if (name === undefined) return undefined;
  return `its parameter ${name} is ${describe(existing[name])}, not ${describe(asked[name])}`;
}

function describe(value: string | undefined): string {
  return value === undefined ? 'not set' : quote(value);
}
