// Original file: proto/stowage/agent/v1/agent.proto


export interface ContentOrigin {
  'nodeName'?: (string);
  'poolId'?: (string);
  'address'?: (string);
  'ticket'?: (string);
  '_address'?: "address";
  '_ticket'?: "ticket";
}

export interface ContentOrigin__Output {
  'nodeName': (string);
  'poolId': (string);
  'address'?: (string);
  'ticket'?: (string);
  '_address'?: "address";
  '_ticket'?: "ticket";
}
