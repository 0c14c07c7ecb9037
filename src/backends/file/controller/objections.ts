import { quote } from '../../../base/quote.ts';
import type { ObjectionOptions } from '../../backend.ts';
import { bounded } from '../bounded.ts';
import type { FileControllerContext } from './context.ts';
import { getVolume } from './lookup.ts';

/** CSI ValidateVolumeCapabilities; contract as in backend.ts. */
export async function findObjection(
  { stores, findUseObjection }: FileControllerContext,
  { volumeId, capabilities, parameters }: ObjectionOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  return await bounded(`Looking up volume ${quote(volumeId)}`, signal, async (own) => {
    const { record } = await getVolume(stores, volumeId, own);
    return (
      findUseObjection(record, capabilities) ??
      findParameterObjection(record.id, record.asked.parameters, parameters)
    );
  });
}

/** Parameters are optional here; those that are given have to be those that the volume was made with. */
function findParameterObjection(
  id: string,
  made: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>>,
): string | undefined {
  const different = Object.keys(asked).find(
    (key) => !key.startsWith('csi.storage.k8s.io/') && asked[key] !== made[key],
  );
  if (different === undefined) return undefined;
  const before = made[different];
  return `Volume ${id} was made ${before === undefined ? `without parameter ${quote(different)}` : `with ${different}: ${before}`}, not with what is asked now.`;
}
