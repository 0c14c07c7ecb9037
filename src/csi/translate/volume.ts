import { DriverError } from '../../domain/errors.ts';
import type { ContentSource, Volume } from '../../domain/volume.ts';
import type { Volume as WireVolume } from '../../gen/csi/v1/Volume.ts';
import type {
  VolumeContentSource as WireSource,
  VolumeContentSource__Output,
} from '../../gen/csi/v1/VolumeContentSource.ts';
import { countMapBytes, MAX_MAP_BYTES } from '../validation/limits.ts';
import { toWireBytes } from './capacity.ts';
import { toWireTopology } from './topology.ts';

/** What a new volume is filled from; undefined when nothing is asked. Throws INVALID_ARGUMENT when a source is given but says not which. */
export function toContentSource(wire: VolumeContentSource__Output | null): ContentSource | undefined {
  if (wire === null) return undefined;
  const source = toSource(wire);
  if (source.id === '')
    throw new DriverError(
      'INVALID_ARGUMENT',
      `volume_content_source.${source.kind}.${source.kind}_id is empty. Set it, or leave volume_content_source out.`,
    );
  return source;
}

function toSource(wire: VolumeContentSource__Output): ContentSource {
  if (wire.snapshot != null) return { kind: 'snapshot', id: wire.snapshot.snapshotId };
  if (wire.volume != null) return { kind: 'volume', id: wire.volume.volumeId };
  throw new DriverError(
    'INVALID_ARGUMENT',
    'volume_content_source is of a kind that this driver does not know. Set either snapshot or volume.',
  );
}

/** A volume for the wire. Throws INTERNAL when a backend made a context that CSI does not let pass. */
export function toWireVolume(volume: Volume): WireVolume {
  const contextBytes = countMapBytes(volume.context);
  if (contextBytes > MAX_MAP_BYTES)
    throw new DriverError(
      'INTERNAL',
      `The context of volume ${volume.id} has ${contextBytes} bytes; CSI allows ${MAX_MAP_BYTES}. This is a defect of the driver.`,
    );
  return {
    volumeId: volume.id,
    capacityBytes: toWireBytes(volume.capacityBytes),
    volumeContext: volume.context,
    contentSource: volume.source === undefined ? null : toWireSource(volume.source),
    accessibleTopology: volume.accessibleTopology.map(toWireTopology),
  };
}

function toWireSource(source: ContentSource): WireSource {
  return source.kind === 'snapshot'
    ? { snapshot: { snapshotId: source.id } }
    : { volume: { volumeId: source.id } };
}
