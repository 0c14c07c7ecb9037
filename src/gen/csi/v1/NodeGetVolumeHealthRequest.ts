// Original file: proto/csi/v1/csi.proto


export interface NodeGetVolumeHealthRequest {
  'volumeId'?: (string);
  'volumePublishPath'?: (string);
  'stagingTargetPath'?: (string);
}

export interface NodeGetVolumeHealthRequest__Output {
  'volumeId': (string);
  'volumePublishPath': (string);
  'stagingTargetPath': (string);
}
