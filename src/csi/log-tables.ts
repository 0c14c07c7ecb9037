/** Fields of CSI requests that say what a call is about, for the lines that are logged on its way. */
export const CSI_SUBJECT_FIELDS: readonly string[] = [
  'name',
  'volumeId',
  'snapshotId',
  'sourceVolumeId',
  'stagingTargetPath',
  'targetPath',
  'volumePath',
];

/** Methods of CSI that sidecars and kubelet ask all the time and that change nothing. */
export const CSI_QUIET_METHODS: ReadonlySet<string> = new Set([
  'Probe',
  'GetPluginInfo',
  'GetPluginCapabilities',
  'ControllerGetCapabilities',
  'GetCapacity',
  'ListVolumes',
  'ListSnapshots',
  'ControllerGetVolume',
  'ControllerGetVolumeHealth',
  'ControllerListVolumeHealth',
  'GetSnapshot',
  'NodeGetCapabilities',
  'NodeGetInfo',
  'NodeGetVolumeStats',
  'NodeGetVolumeHealth',
  'NodeGetStorageHealth',
]);
