// Original file: proto/stowage/agent/v1/agent.proto


export interface UnavailablePool {
  'reason'?: (string);
}

export interface UnavailablePool__Output {
  'reason': (string);
}
