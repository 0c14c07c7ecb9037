// Original file: proto/stowage/agent/v1/agent.proto


export interface AdmitPoolResponse {
}

export interface AdmitPoolResponse__Output {
}
