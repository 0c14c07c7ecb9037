// Original file: proto/stowage/agent/v1/agent.proto


export interface ListSnapshotsRequest {
  'poolId'?: (string);
  'maxEntries'?: (number);
  'startingToken'?: (string);
  'sourceVolumeId'?: (string);
  '_startingToken'?: "startingToken";
  '_sourceVolumeId'?: "sourceVolumeId";
}

export interface ListSnapshotsRequest__Output {
  'poolId': (string);
  'maxEntries': (number);
  'startingToken'?: (string);
  'sourceVolumeId'?: (string);
  '_startingToken'?: "startingToken";
  '_sourceVolumeId'?: "sourceVolumeId";
}
