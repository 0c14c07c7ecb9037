// Original file: proto/stowage/agent/v1/agent.proto


export interface NameQuestion {
  'poolId'?: (string);
  'volumeName'?: (string);
  'snapshotName'?: (string);
  'name'?: "volumeName"|"snapshotName";
}

export interface NameQuestion__Output {
  'poolId': (string);
  'volumeName'?: (string);
  'snapshotName'?: (string);
  'name'?: "volumeName"|"snapshotName";
}
