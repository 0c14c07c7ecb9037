import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { AdmitPoolRequest, PoolAdmission } from '../filestore/pool-admission.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { AgentPoolSettings } from './description.ts';

/** What an agent offers of one driver. */
export interface PoolOffer<S extends FileStore = FileStore> {
  /** CSI name of the driver whose pools these are. */
  readonly driver: string;
  readonly stores: StoreDirectory<S>;
  /** Left out where every pool is opened without asking. */
  readonly admission?: PoolAdmission;
  /** What the configuration says of a pool. */
  readonly settingsOf: (poolName: string) => AgentPoolSettings;
}

/** Which pool may be opened: two drivers may each have one of that name. */
export interface AgentAdmission extends AdmitPoolRequest {
  /** CSI name of the driver; empty when the controller is of a release in which there was only one. */
  readonly driver: string;
}

/** Passes a controller's word on to the driver whose pool it is about. Throws INVALID_ARGUMENT when this node has no such pool, and what the admission throws. */
export async function admitOffered(
  { offers, nodeName }: { readonly offers: readonly PoolOffer[]; readonly nodeName: string },
  { driver, ...request }: AgentAdmission,
  signal: AbortSignal,
): Promise<void> {
  const offer = offers.find(
    (each) =>
      (driver === '' || each.driver === driver) &&
      each.stores.list().some(({ poolName }) => poolName === request.poolName),
  );
  if (offer === undefined) {
    const whose = driver === '' ? '' : ` of driver ${quote(driver)}`;
    throw new DriverError(
      'INVALID_ARGUMENT',
      `Node ${nodeName} has no pool named ${quote(request.poolName)}${whose}.`,
    );
  }
  await offer.admission?.admit(request, signal);
}
