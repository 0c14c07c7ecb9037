import type { CreateControllerDriver } from './controller-driver.ts';
import type { DriverKey } from './driver.ts';
import { createHostpathControllerDriver } from './hostpath-controller.ts';
import { createNfsControllerDriver } from './nfs-controller.ts';

/** The controller half of every driver. What is loaded here must do without privileges. */
export const CONTROLLER_DRIVERS: Readonly<Record<DriverKey, CreateControllerDriver>> = {
  hostpath: createHostpathControllerDriver,
  nfs: createNfsControllerDriver,
};
