// Original file: proto/stowage/agent/v1/agent.proto


export interface Claim {
  'namespace'?: (string);
  'name'?: (string);
}

export interface Claim__Output {
  'namespace': (string);
  'name': (string);
}
