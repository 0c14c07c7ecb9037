// Original file: proto/stowage/agent/v1/agent.proto


export interface HealthStatus {
  'status'?: (string);
  'reason'?: (string);
  'message'?: (string);
}

export interface HealthStatus__Output {
  'status': (string);
  'reason': (string);
  'message': (string);
}
