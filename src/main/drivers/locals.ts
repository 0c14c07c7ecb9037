import type { DriverKey } from './driver.ts';
import { hostpathLocal } from './hostpath-local.ts';
import type { LocalDriverEntry } from './local-driver.ts';
import { nfsLocal } from './nfs-local.ts';

/** What every driver is on a machine. What is loaded here must do without the client of Kubernetes. */
export const LOCAL_DRIVERS: Readonly<Record<DriverKey, LocalDriverEntry>> = {
  hostpath: hostpathLocal,
  nfs: nfsLocal,
};
