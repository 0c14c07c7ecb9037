import { defineBackend } from '../backend.ts';
import { HostpathConfig } from './config.ts';
import { HostpathParameters } from './parameters.ts';

/** Volumes in directories and on disks of the cluster's own nodes. */
export const hostpathBackend = defineBackend({
  name: 'hostpath',
  driverName: 'hostpath.stowage.dev',
  config: HostpathConfig,
  parameters: HostpathParameters,
});
