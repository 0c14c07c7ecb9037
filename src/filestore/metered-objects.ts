import { familyOf, locateContent } from './objects.ts';
import type { SnapshotRecord, VolumeRecord } from './records.ts';
import type { StoreContext } from './store-context.ts';
import type { MeteredObject } from './usage-meter.ts';

/** Every volume and snapshot with the way in which its use is read. Trees without a quota are not measured: walking them would take too long. */
export async function listMetered(
  context: Pick<StoreContext, 'paths' | 'layouts' | 'volumes' | 'snapshots'>,
  signal: AbortSignal,
): Promise<readonly MeteredObject[]> {
  const volumes = await context.volumes.list(signal);
  const snapshots = await context.snapshots.list(signal);
  const meter = (record: VolumeRecord | SnapshotRecord, promisedBytes: number): MeteredObject => ({
    id: record.id,
    family: familyOf(record),
    promisedBytes,
    async measure(reading) {
      const { kept } = record;
      if (kept.layout === 'directory' && kept.quota === 'none') return undefined;
      const content = { path: locateContent(context, record), kept };
      const { usedBytes, exclusiveBytes = 0 } = await context.layouts[kept.layout].measure(content, reading);
      return { usedBytes, exclusiveBytes };
    },
  });
  return [
    ...volumes.map((record) => meter(record, record.capacityBytes)),
    ...snapshots.map((record) => meter(record, record.heldBytes)),
  ];
}
