import { defineBackend } from '../backend.ts';
import { NfsConfig } from './config.ts';
import { NfsParameters } from './parameters.ts';

/** Volumes on NFS exports, and on other file systems that all nodes share. */
export const nfsBackend = defineBackend({
  name: 'nfs',
  driverName: 'nfs.stowage.dev',
  config: NfsConfig,
  parameters: NfsParameters,
});
