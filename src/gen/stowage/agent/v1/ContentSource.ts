// Original file: proto/stowage/agent/v1/agent.proto


export interface ContentSource {
  'snapshotId'?: (string);
  'volumeId'?: (string);
  'source'?: "snapshotId"|"volumeId";
}

export interface ContentSource__Output {
  'snapshotId'?: (string);
  'volumeId'?: (string);
  'source'?: "snapshotId"|"volumeId";
}
