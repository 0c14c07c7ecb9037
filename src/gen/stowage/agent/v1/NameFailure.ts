// Original file: proto/stowage/agent/v1/agent.proto


export interface NameFailure {
  'code'?: (string);
  'message'?: (string);
}

export interface NameFailure__Output {
  'code': (string);
  'message': (string);
}
