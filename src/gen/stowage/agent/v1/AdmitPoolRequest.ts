// Original file: proto/stowage/agent/v1/agent.proto


export interface AdmitPoolRequest {
  'poolName'?: (string);
  'knownPoolId'?: (string);
  'clusterId'?: (string);
  'driver'?: (string);
  '_knownPoolId'?: "knownPoolId";
}

export interface AdmitPoolRequest__Output {
  'poolName': (string);
  'knownPoolId'?: (string);
  'clusterId': (string);
  'driver': (string);
  '_knownPoolId'?: "knownPoolId";
}
