import type { IdentityDefinition, IdentityHandlers } from '../gen/csi/v1/Identity.ts';
import type { PluginCapability } from '../gen/csi/v1/PluginCapability.ts';
import { createService, type Service, type ServiceType } from '../rpc/service.ts';

/** What a driver can do as a whole. It has to be the same on every socket of one version of the driver. */
export interface PluginFeatures {
  /** Volumes have a place (VOLUME_ACCESSIBILITY_CONSTRAINTS). */
  readonly hasTopology: boolean;
  /** Snapshots have a place (SNAPSHOT_ACCESSIBILITY_CONSTRAINTS). */
  readonly hasSnapshotTopology: boolean;
  /** Volumes grow while they are in use (VolumeExpansion ONLINE). */
  readonly expandsOnline: boolean;
}

export interface IdentityOptions {
  readonly type: ServiceType<IdentityHandlers, IdentityDefinition>;
  /** CSI name: `hostpath.stowage.dev`. */
  readonly driverName: string;
  readonly vendorVersion: string;
  readonly features: PluginFeatures;
  /** False while starting and stopping. Sidecars wait for it; a liveness probe that sees it for long restarts the container. */
  readonly ready: () => boolean;
}

/** The Identity service. It never waits for storage: sidecars allow one second. */
export function createIdentityService(options: IdentityOptions): Service {
  const capabilities = listPluginCapabilities(options.features);
  return createService(options.type, {
    GetPluginInfo: async () => ({ name: options.driverName, vendorVersion: options.vendorVersion }),
    GetPluginCapabilities: async () => ({ capabilities }),
    Probe: async () => ({ ready: { value: options.ready() } }),
  });
}

function listPluginCapabilities(features: PluginFeatures): PluginCapability[] {
  const capabilities: PluginCapability[] = [{ service: { type: 'CONTROLLER_SERVICE' } }];
  if (features.hasTopology) capabilities.push({ service: { type: 'VOLUME_ACCESSIBILITY_CONSTRAINTS' } });
  if (features.hasSnapshotTopology)
    capabilities.push({ service: { type: 'SNAPSHOT_ACCESSIBILITY_CONSTRAINTS' } });
  if (features.expandsOnline) capabilities.push({ volumeExpansion: { type: 'ONLINE' } });
  return capabilities;
}
